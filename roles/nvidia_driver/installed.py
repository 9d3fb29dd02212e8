"""The driver that is installed now: its version, source, kind of modules and completeness."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from roles.nvidia_driver.gpus import Variant
from roles.nvidia_driver.naming import TOOLS, Naming, is_driver_package
from roles.nvidia_driver.observation import Observation, Package
from roles.nvidia_driver.offers import source_of
from roles.nvidia_driver.settings import Source
from roles.nvidia_driver.versions import driver_version

#: The library that programs talk to the driver with: whose version counts when others differ.
_LIBRARY = re.compile(r"^(libnvidia-compute(-\d{3}(-server)?)?|libnvidia-ml1)$")
_CLOSED = re.compile(
    r"^((nvidia-dkms|nvidia-kernel-source|nvidia-headless|nvidia-headless-no-dkms|nvidia-driver)"
    r"(-\d{3})?(-server)?|cuda-drivers(-\d{3})?|nvidia-kernel-dkms)$"
)
_OPEN = re.compile(
    r"^((nvidia-dkms|nvidia-kernel-source|nvidia-headless|nvidia-headless-no-dkms|nvidia-driver)"
    r"(-\d{3})?(-server)?-open|nvidia-open(-\d{3})?|nvidia-(kernel-open|open-kernel)-dkms)$"
)
_PREBUILT = re.compile(r"^linux-(?:modules|objects|signatures)-nvidia-(\d{3})(-server)?(-open)?-")
_SUFFIX = re.compile(r"-(\d{3})(-server)?(?:-open)?(?:-\d{3}\.[0-9.]+)?$")


def is_present(package: Package) -> bool:
    """Say whether a package is there, complete or not: not only its configuration files."""
    return package.status[1:2] not in ("n", "c", "")


def driver_packages(seen: Observation) -> tuple[Package, ...]:
    """Return the packages of the driver that are there, complete or not."""
    return tuple(p for p in seen.packages if is_driver_package(p.name) and is_present(p))


def installed_version(seen: Observation) -> str | None:
    """Return the installed driver's version, or None without a driver.

    The library's version counts; without one, the version most packages have.
    """
    packages = [p for p in driver_packages(seen) if p.name not in TOOLS]
    for package in packages:
        if _LIBRARY.match(package.name) and (version := driver_version(package.version)):
            return version
    counted = Counter(v for p in packages if (v := driver_version(p.version)))
    return counted.most_common(1)[0][0] if counted else None


def installed_source(seen: Observation) -> Source | None:
    """Return where the installed driver came from, or None where nobody can tell.

    A version that is gone from its repository is told by its revision: NVIDIA's are ``-1ubuntu1``
    and ``-1``, Ubuntu's ``-0ubuntu0.24.04.1``, Debian's ``-1~deb12u1``.
    """
    version = installed_version(seen)
    own = [p for p in driver_packages(seen) if driver_version(p.version) == version]
    for package in sorted(own, key=lambda p: not _LIBRARY.match(p.name)):
        source = source_of("", package.origin)
        if source is not None:
            return source
    for package in own:
        if re.search(r"-0ubuntu0\.", package.version):
            return "ubuntu"
        if re.search(r"-1ubuntu\d$", package.version):
            return "nvidia"
        if re.search(r"[~+]deb\d+u\d", package.version):
            return "debian"
    return None


def variant_of(name: str, distribution: str) -> Variant | None:
    """Return the kind of modules a package is for, or None where it is for both."""
    prebuilt = _PREBUILT.match(name)
    if prebuilt:
        return "open" if prebuilt.group(3) else "proprietary"
    if distribution == "debian" and name == "nvidia-driver":
        return None
    if _OPEN.match(name):
        return "open"
    return "proprietary" if _CLOSED.match(name) else None


@dataclass(frozen=True, slots=True)
class Suffix:
    """What a package's name says of its branch and flavour; None: nothing."""

    branch: int | None
    is_server: bool


def suffix_of(name: str) -> Suffix:
    """Return the branch and flavour in a package name such as nvidia-dkms-580-server-open."""
    found = _PREBUILT.match(name) or _SUFFIX.search(name)
    return Suffix(int(found.group(1)), bool(found.group(2))) if found else Suffix(None, False)


def is_prebuilt(name: str) -> bool:
    """Say whether a package holds prebuilt modules."""
    return bool(_PREBUILT.match(name))


def has_roots(seen: Observation, naming: Naming, version: str) -> bool:
    """Say whether the packages of a naming are installed, complete, at a driver version."""

    def are_there(names: tuple[str, ...]) -> bool:
        packages = [seen.installed(name) for name in names]
        return bool(names) and all(p and driver_version(p.version) == version for p in packages)

    return are_there((*naming.roots, naming.module)) or are_there(naming.prebuilt_roots)


def core_packages(seen: Observation, naming: Naming) -> tuple[Package, ...]:
    """Return the installed packages whose holds deeprig always sets together."""
    names = {*naming.roots, *naming.prebuilt_roots, naming.module}
    return tuple(p for p in driver_packages(seen) if p.name in names or _LIBRARY.match(p.name))
