"""How the module gets to each kernel; here: prebuilt and signed."""

from __future__ import annotations

from dataclasses import dataclass

from roles.nvidia_driver.naming import Naming
from roles.nvidia_driver.observation import Candidate, Kernel, Observation
from roles.nvidia_driver.offers import Offers, dependencies


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
    metas = [_following(seen, offers, naming, kernel, version) for kernel in must_have_module(seen)]
    if None in metas and naming.prebuilt_roots == naming.roots:
        return None  # only the metapackage provides nvidia-dkms: apt would bring DKMS's copy
    without = tuple(release for release, candidate in found.items() if candidate is None)
    return ModulePlan(
        is_prebuilt=True,
        packages=tuple(c for c in (*found.values(), *metas) if c is not None),
        kernels=tuple(release for release in found if release not in without),
        reason="prebuilt modules, signed by Ubuntu, for the kernels of this host",
        notes=tuple(f"no prebuilt module for the older kernel {release}" for release in without),
    )


def _following(
    seen: Observation, offers: Offers, naming: Naming, kernel: Kernel, version: str
) -> Candidate | None:
    """Return the metapackage that follows a kernel's flavour, such as ``…-generic-hwe-24.04``.

    Only one that now asks for this very kernel: another would bring a kernel of its own.
    """
    prefix = f"{naming.prebuilt}-"
    concrete = prefix + kernel.release
    names = {c.name for c in offers.candidates if c.name.startswith(prefix)} - {concrete}
    metas = [
        found
        for name in sorted(names, key=len)
        if (found := offers.at(name, version)) and depends_on(found, concrete)
    ]

    def fits(meta: Candidate) -> tuple[bool, bool]:
        flavour = meta.name[len(prefix) :]
        return (seen.installed(f"linux-image-{flavour}") is None, flavour != kernel.flavour)

    return min(metas, key=fits, default=None)


def depends_on(candidate: Candidate, name: str) -> bool:
    """Say whether a candidate depends on a package by name."""
    return any(name in alternatives for alternatives in dependencies(candidate.depends))
