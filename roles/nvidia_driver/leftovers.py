"""What of an installed driver is in the way of another: to be moved along, or removed with it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from roles.nvidia_driver.change import PackageVersion
from roles.nvidia_driver.installed import (
    driver_packages,
    installed_version,
    is_prebuilt,
    suffix_of,
    variant_of,
)
from roles.nvidia_driver.naming import FABRIC, FABRIC_OPTIONAL, TOOLS, Naming
from roles.nvidia_driver.observation import Candidate, Observation, Package
from roles.nvidia_driver.offers import Offers, source_of
from roles.nvidia_driver.versions import driver_version

#: NVIDIA's pinning packages: deeprig's preferences file does their work, and would fight them.
PINNING = "nvidia-driver-pinning-"
#: Metapackages that ask for graphics libraries.
_WITH_GRAPHICS = re.compile(
    r"^(nvidia-open|cuda-drivers|nvidia-driver)(-\d{3})?(-server)?(-open)?$"
)
_FABRIC = tuple(
    name.removesuffix("-{b}") for names in (*FABRIC, *FABRIC_OPTIONAL) for name in names
)


@dataclass(frozen=True, slots=True)
class Leftovers:
    """Installed packages outside a new set. ``moved`` stay, at the new driver's version."""

    moved: tuple[PackageVersion, ...]
    removed: tuple[str, ...]


def leftovers(
    seen: Observation,
    offers: Offers,
    naming: Naming,
    version: str,
    names: frozenset[str],
    unwanted: tuple[str, ...] = (),
) -> Leftovers:
    """Return what becomes of the installed packages that are not among ``names``.

    ``unwanted`` go in any case: DKMS's copy of a module that now comes prebuilt, which modprobe
    would prefer although nobody signed it.
    """
    moved: list[PackageVersion] = []
    removed: list[str] = []
    for package in driver_packages(seen):
        full = full_name(package, seen)
        is_fitting = belongs(package.name, naming, seen.distribution)
        is_right = is_fitting and _is_of(package, version, seen)
        if full in names or (is_right and not _is_foreign(package, offers)):
            if package.name in unwanted:
                removed.append(full)
            continue
        target = _target(package, offers, version) if is_fitting else None
        if target is not None and package.name not in unwanted:
            moved.append(PackageVersion(full, target.version))
        elif package.name not in TOOLS or _is_foreign(package, offers):
            removed.append(full)
    return Leftovers(tuple(moved), tuple(removed))


def _target(package: Package, offers: Offers, version: str) -> Candidate | None:
    """Return what an installed package becomes. A tool of another source follows to the new one."""
    target = offers.at(package.name, version)
    if target is None and package.name in TOOLS and _is_foreign(package, offers):
        return next(iter(offers.named(package.name)), None)
    return target


def _is_foreign(package: Package, offers: Offers) -> bool:
    """Say whether a package of a driver is known to be from another source.

    The same version is not the same files: NVIDIA's nvidia-persistenced has those that are in
    Ubuntu's nvidia-compute-utils.
    """
    is_versioned = driver_version(package.version) is not None or is_prebuilt(package.name)
    return is_versioned and source_of("", package.origin) not in (None, offers.source)


def in_the_way(seen: Observation, naming: Naming, version: str) -> tuple[str, ...]:
    """Return the installed packages that do not fit a driver that is to stay as it is."""
    return tuple(
        full_name(package, seen)
        for package in driver_packages(seen)
        if not belongs(package.name, naming, seen.distribution)
        or not (package.name in TOOLS or _is_of(package, version, seen))
    )


def belongs(name: str, naming: Naming, distribution: str) -> bool:
    """Say whether a name is of the naming's branch, flavour and kind of modules, or of none.

    Graphics libraries that were installed for themselves may stay beside a compute-only driver.
    """
    if name.startswith(PINNING) or (naming.flavour == "compute" and _WITH_GRAPHICS.match(name)):
        return False
    variant = variant_of(name, distribution)
    if variant is not None and variant != naming.variant:
        return False
    suffix, wanted = suffix_of(name), suffix_of(naming.module)
    if suffix.branch is None or name.startswith(_FABRIC):
        return suffix.branch in (None, naming.first_branch)
    return suffix == wanted


def full_name(package: Package, seen: Observation) -> str:
    """Return a package's name as apt is asked for it: with a foreign architecture."""
    if package.architecture in ("all", "", seen.architecture):
        return package.name
    return f"{package.name}:{package.architecture}"


def _is_of(package: Package, version: str, seen: Observation) -> bool:
    """Say whether a package is of a driver version, or of none.

    Prebuilt modules have the kernel's version: they are of the driver that is installed.
    """
    if is_prebuilt(package.name):
        return installed_version(seen) == version
    return driver_version(package.version) in (None, version)
