"""NVIDIA's ``nvidia-driver-pinning-*``: an apt preferences file at priority 1000."""

from __future__ import annotations

from collections.abc import Iterable

from tests.sim.repository.package import File, Package
from tests.sim.repository.versions import branch_of

PATTERNS = (
    "nvidia-driver* nvidia-open* nvidia-dkms* nvidia-kernel-* nvidia-utils* nvidia-compute-utils* "
    "nvidia-headless* nvidia-firmware* nvidia-persistenced nvidia-modprobe nvidia-settings "
    "nvidia-fabricmanager* nvidia-imex* nvidia-smi libnvidia-* libnvsdm* libcuda1 "
    "xserver-xorg-video-nvidia* cuda-drivers* firmware-nvidia-gsp"
)


def pinning_packages(versions: Iterable[str]) -> tuple[Package, ...]:
    """Return a pinning package for each branch and for each version."""
    names = tuple(versions)
    locks = {b: (f"{b}.*", newest) for b, newest in _newest_of_branch(names).items()}
    locks |= {version: (f"{version}-*", version) for version in names}
    return tuple(_pinning(name, glob, version) for name, (glob, version) in locks.items())


def _newest_of_branch(versions: tuple[str, ...]) -> dict[str, str]:
    """Return each branch's newest version; `versions` are in ascending order."""
    return {str(branch_of(version)): version for version in versions}


def _pinning(name: str, glob: str, version: str) -> Package:
    preferences = (
        f"Explanation: lock the NVIDIA driver to {name}\n"
        f"Package: {PATTERNS}\nPin: version {glob}\nPin-Priority: 1000\n"
    )
    # ".pref": apt passes over a file whose name has a dot and another ending.
    path = f"etc/apt/preferences.d/nvidia-driver-pinning-{name}.pref"
    return Package(
        f"nvidia-driver-pinning-{name}",
        f"{version}-1",
        provides=("nvidia-driver-pinning",),
        conflicts=("nvidia-driver-pinning",),
        replaces=("nvidia-driver-pinning",),
        files=(File(path, preferences.encode()),),
        scripts={"conffiles": f"/{path}\n"},
        architecture="all",
        section="NVIDIA",
        source="nvidia-driver-pinning",
        maintainer="cudatools <cudatools@nvidia.com>",
        description=f"APT driver pinning file for driver branch {name}.",
    )
