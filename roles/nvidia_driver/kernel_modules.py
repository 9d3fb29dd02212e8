"""How the module gets to each kernel: prebuilt and signed, or built by DKMS with headers."""

from __future__ import annotations

from dataclasses import dataclass

from roles.nvidia_driver.naming import Naming
from roles.nvidia_driver.observation import Candidate, Kernel, Observation
from roles.nvidia_driver.offers import Offers, dependencies
from roles.nvidia_driver.refusal import refuse


@dataclass(frozen=True, slots=True)
class ModulePlan:
    """The packages that bring the module, and the kernels that have it afterwards."""

    is_prebuilt: bool
    packages: tuple[Candidate, ...]
    kernels: tuple[str, ...]
    reason: str
    notes: tuple[str, ...] = ()


def must_have_module(seen: Observation) -> tuple[Kernel, ...]:
    """Return the kernels no driver change may leave without a module: the next to boot."""
    return tuple(kernel for kernel in seen.kernels if kernel.is_next)


def prebuilt_modules(
    seen: Observation, offers: Offers, naming: Naming, version: str
) -> ModulePlan | None:
    """Return the prebuilt modules of a driver version, or None where a kernel would lack one.

    The next kernel must have one. The running one must too, or it could not be gone back to.
    """
    if naming.prebuilt is None or not seen.kernels:
        return None
    found = {
        kernel.release: offers.at(f"{naming.prebuilt}-{kernel.release}", version)
        for kernel in seen.kernels
    }
    if any(found[k.release] is None for k in seen.kernels if k.is_next or k.is_running):
        return None
    packages = [candidate for candidate in found.values() if candidate is not None]
    for kernel in must_have_module(seen):
        meta = _following(seen, offers, f"{naming.prebuilt}-", kernel, version)
        if meta is not None:
            packages.append(meta)
        elif naming.prebuilt_roots == naming.roots:
            return None  # only the metapackage provides nvidia-dkms: apt would bring DKMS's copy
    without = tuple(release for release, candidate in found.items() if candidate is None)
    notes = (f"no prebuilt module for the older kernel {', '.join(without)}",) if without else ()
    return ModulePlan(
        is_prebuilt=True,
        packages=tuple(packages),
        kernels=tuple(release for release in found if release not in without),
        reason="prebuilt modules, signed by Ubuntu, for the kernels of this host",
        notes=notes,
    )


def _following(
    seen: Observation, offers: Offers, prefix: str, kernel: Kernel, version: str
) -> Candidate | None:
    """Return the metapackage that follows a kernel's flavour, such as ``…-generic-hwe-24.04``.

    Only one that now asks for this very kernel: another would bring a kernel of its own.
    """
    concrete = prefix + kernel.release
    names = {c.name for c in offers.candidates if c.name.startswith(prefix)} - {concrete}
    metas = [
        found
        for name in sorted(names, key=len)
        if (found := offers.at(name, version)) and _names(found, concrete)
    ]

    def fits(meta: Candidate) -> tuple[bool, bool]:
        flavour = meta.name[len(prefix) :]
        return (seen.installed(f"linux-image-{flavour}") is None, flavour != kernel.flavour)

    return min(metas, key=fits, default=None)


def dkms_modules(seen: Observation, offers: Offers, naming: Naming, version: str) -> ModulePlan:
    """Return what DKMS needs to build a driver version: its source, headers for every kernel.

    Refuse where the kernel that boots next has no headers and none can be had.
    """
    source = offers.at(naming.module, version)
    if source is None:
        raise refuse(
            "no-candidate",
            f"{naming.module} {version} is not offered",
            tuple(f"offered: {v}" for v in offers.versions(naming.module)),
            "Run 'apt-get update' on the host, or set branch or version to one of these.",
        )
    packages = [source]
    without: list[str] = []
    for kernel in seen.kernels:
        headers, has_some = _headers(seen, kernel)
        packages += headers
        if not has_some:
            without.append(kernel.release)
    lacking = [k.release for k in must_have_module(seen) if k.release in without]
    if lacking:
        raise _no_headers(seen, lacking[0])
    notes = tuple(f"no headers for kernel {release}: it gets no module" for release in without)
    kernels = tuple(k.release for k in seen.kernels if k.release not in without)
    unique = {candidate.name: candidate for candidate in packages}
    return ModulePlan(
        is_prebuilt=False,
        packages=tuple(unique.values()),
        kernels=kernels,
        reason="modules built on the host by DKMS",
        notes=notes,
    )


def _headers(seen: Observation, kernel: Kernel) -> tuple[tuple[Candidate, ...], bool]:
    """Return the header packages to install for a kernel, and whether it has headers then.

    The flavour's metapackage brings the headers of the kernels to come; those of a kernel that is
    not the flavour's newest have a package of their own.
    """
    exact = f"linux-headers-{kernel.release}"
    wanted: list[Candidate] = []
    has_some = kernel.has_headers
    meta = _header_meta(seen, kernel)
    if meta is not None and (seen.installed(meta.name) is None or not has_some):
        wanted.append(meta)
        has_some = has_some or _names(meta, exact)
    own = next(iter(seen.versions_of(exact)), None)
    if own is not None and not has_some:
        wanted.append(own)
        has_some = True
    return tuple(wanted), has_some


def _header_meta(seen: Observation, kernel: Kernel) -> Candidate | None:
    exact = f"linux-headers-{kernel.release}"
    offered = [c for c in seen.candidates if c.name.startswith("linux-headers-")]
    metas = [c for c in offered if _names(c, exact)]
    by_flavour = [c for c in offered if c.name == f"linux-headers-{kernel.flavour}"]
    own = [c for c in metas if c in by_flavour]
    installed = [c for c in (*metas, *by_flavour) if seen.installed(c.name)]
    return next(iter((*installed, *own, *by_flavour, *metas)), None)


def _names(candidate: Candidate, name: str) -> bool:
    """Say whether a candidate depends on a package by name."""
    return any(name in alternatives for alternatives in dependencies(candidate.depends))


def _no_headers(seen: Observation, release: str) -> Exception:
    kernel = next(k for k in seen.kernels if k.release == release)
    return refuse(
        "no-headers",
        f"kernel {release} boots next and has no headers: no module can be built for it",
        (
            f"neither linux-headers-{release} nor linux-headers-{kernel.flavour} for it "
            "is offered by apt",
        ),
        "Install a kernel that the archive still has (apt-get full-upgrade, then reboot), "
        "or put the headers of this one into the archive.",
    )
