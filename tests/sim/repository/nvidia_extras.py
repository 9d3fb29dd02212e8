"""What NVIDIA's repositories have around the driver: metapackages, daemons, NVSwitch software."""

from __future__ import annotations

from tests.sim.repository import parts
from tests.sim.repository.compiled import Programs
from tests.sim.repository.package import File, Package
from tests.sim.repository.versions import LAST_SUFFIXED_BRANCH, branch_of

MAINTAINER = "cudatools <cudatools@nvidia.com>"
FIRST_BARE_FABRIC_BRANCH = 580
NVLSM_VERSION = "2026.02.11-1"


def ubuntu_metapackages(version: str, package_version: str) -> tuple[Package, ...]:
    """Return nvidia-open and cuda-drivers; up to 580 also with the branch in their names."""
    branch = branch_of(version)
    if branch > LAST_SUFFIXED_BRANCH:
        exactly = f"(= {package_version})"
        return (
            _meta(
                "nvidia-open",
                package_version,
                (f"nvidia-driver-open {exactly}",),
                ("cuda-drivers", "nvidia-driver"),
            ),
            _meta(
                "cuda-drivers",
                package_version,
                (f"nvidia-driver {exactly}",),
                ("nvidia-open", "nvidia-driver-open"),
            ),
        )
    at_least = f"(>= {version})"
    driver = f"nvidia-driver-{branch}"
    siblings = (f"cuda-drivers-{branch}", driver, f"{driver}-server")
    return (
        _meta("nvidia-open", package_version, (f"nvidia-open-{branch} {at_least}",)),
        _meta("cuda-drivers", package_version, (f"cuda-drivers-{branch} {at_least}",)),
        _meta(
            f"nvidia-open-{branch}",
            package_version,
            (f"{driver}-open {at_least} | {driver}-server-open {at_least}",),
            siblings,
        ),
        _meta(
            f"cuda-drivers-{branch}",
            package_version,
            (f"{driver} {at_least} | {driver}-server {at_least}",),
            (f"nvidia-open-{branch}", f"{driver}-open", f"{driver}-server-open"),
        ),
    )


def floating_packages(
    version: str, package_version: str, programs: Programs
) -> tuple[Package, ...]:
    """Return the packages that never have the branch in their names."""
    persistenced = (
        parts.program(programs, "nvidia-persistenced", version),
        parts.unit("nvidia-persistenced.service", parts.PERSISTENCED_UNIT),
    )
    modprobe = File("usr/bin/nvidia-modprobe", parts.MODPROBE.encode(), 0o4755)
    return (
        _package("nvidia-persistenced", package_version, persistenced),
        _package("nvidia-modprobe", package_version, (modprobe,)),
        _package("nvidia-settings", package_version),
    )


def fabric_packages(version: str, programs: Programs) -> tuple[Package, ...]:
    """Return what a host with NVSwitch needs; it must be of exactly the driver's version."""
    branch = branch_of(version)
    suffix = f"-{branch}" if branch < FIRST_BARE_FABRIC_BRANCH else ""
    return fabric_of(suffix, f"{version}-1", version, programs)


def fabric_of(
    suffix: str, package_version: str, version: str, programs: Programs
) -> tuple[Package, ...]:
    """Return the NVSwitch packages under a suffix."""
    files = (
        parts.program(programs, "nv-fabricmanager", version),
        parts.unit("nvidia-fabricmanager.service", parts.FABRICMANAGER_UNIT),
        File("usr/share/nvidia/nvswitch/fabricmanager.cfg", b"DAEMONIZE=1\n"),
    )
    contents = {
        "nvidia-fabricmanager": files,
        "libnvidia-nscq": (),
        "libnvsdm": (),
        "nvidia-imex": (),
    }
    return tuple(
        _package(
            role + suffix,
            package_version,
            content,
            (role,) if suffix else (),
        )
        for role, content in contents.items()
    )


def nvlsm() -> Package:
    """Return NVIDIA's subnet manager, whose version is a date."""
    return _package("nvlsm", NVLSM_VERSION)


def _meta(
    name: str,
    version: str,
    depends: tuple[str, ...],
    conflicts: tuple[str, ...] = (),
) -> Package:
    return Package(
        name,
        version,
        depends=depends,
        conflicts=conflicts,
        section="multiverse/devel",
        source=name,
        maintainer=MAINTAINER,
    )


def _package(
    name: str,
    version: str,
    files: tuple[File, ...] = (),
    excluded: tuple[str, ...] = (),
) -> Package:
    return Package(
        name,
        version,
        files=files,
        provides=excluded,
        conflicts=excluded,
        replaces=excluded,
        source=name,
        maintainer=MAINTAINER,
    )
