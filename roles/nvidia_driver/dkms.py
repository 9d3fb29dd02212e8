"""Modules built by DKMS: their source, and headers for every kernel that has, or gets, them."""

from __future__ import annotations

from roles.nvidia_driver.kernel_modules import ModulePlan, depends_on, must_have_module
from roles.nvidia_driver.naming import Naming
from roles.nvidia_driver.observation import Candidate, Kernel, Observation
from roles.nvidia_driver.offers import Offers
from roles.nvidia_driver.refusal import refuse


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
    headers = {kernel: _headers(seen, kernel) for kernel in seen.kernels}
    without = tuple(kernel for kernel, (_, has_some) in headers.items() if not has_some)
    for kernel in must_have_module(seen):
        if kernel in without:
            raise _no_headers(kernel)
    packages = (source, *(c for candidates, _ in headers.values() for c in candidates))
    return ModulePlan(
        is_prebuilt=False,
        packages=tuple({candidate.name: candidate for candidate in packages}.values()),
        kernels=tuple(kernel.release for kernel in seen.kernels if kernel not in without),
        reason="modules built on the host by DKMS",
        notes=tuple(f"no headers for kernel {k.release}: it gets no module" for k in without),
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
        has_some = has_some or depends_on(meta, exact)
    own = next(iter(seen.versions_of(exact)), None)
    if own is not None and not has_some:
        wanted.append(own)
        has_some = True
    return tuple(wanted), has_some


def _header_meta(seen: Observation, kernel: Kernel) -> Candidate | None:
    exact = f"linux-headers-{kernel.release}"
    offered = [c for c in seen.candidates if c.name.startswith("linux-headers-")]
    metas = [c for c in offered if depends_on(c, exact)]
    by_flavour = [c for c in offered if c.name == f"linux-headers-{kernel.flavour}"]
    own = [c for c in metas if c in by_flavour]
    installed = [c for c in (*metas, *by_flavour) if seen.installed(c.name)]
    return next(iter((*installed, *own, *by_flavour, *metas)), None)


def _no_headers(kernel: Kernel) -> Exception:
    release = kernel.release
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
