"""The driver and CUDA versions of the simulated repositories.

Driver versions are NVIDIA's, from indices that others captured (facts on NVIDIA's apt repository);
the package revision changed from ``-0ubuntu1`` to ``-1ubuntu1`` at 580.126.09. Only some of the
real point releases are here: enough to go back and forth within and between branches.
"""

from __future__ import annotations

from dataclasses import dataclass

DRIVER_VERSIONS = (
    "570.133.20",
    "570.172.08",
    "570.195.03",
    "580.82.07",
    "580.95.05",
    "580.105.08",
    "580.126.20",
    "580.159.03",
    "580.159.04",
    "590.44.01",
    "590.48.01",
    "595.45.04",
    "595.58.03",
    "595.71.05",
    "610.43.02",
)
LAST_SUFFIXED_BRANCH = 580

# What each Ubuntu release's archive has, per flavour: versions, the newest last; the newest is in
# -updates, the older one in -security. Each pocket has one version.
UBUNTU_VERSIONS = {
    "570": ("570.211.01",),
    "570-server": ("570.211.01",),
    "580": ("580.173.02", "580.178.04"),
    "580-server": ("580.173.02", "580.178.04"),
    "595": ("595.71.05", "595.84"),
    "595-server": ("595.71.05", "595.84"),
    "615": ("615.71.09",),
}
# Given up: flavour -> what its packages lead to now.
UBUNTU_TRANSITIONAL = {"550-server": "580-server", "590": "595", "590-server": "595-server"}
# Branches whose proprietary packages lead to the open ones.
UBUNTU_OPEN_ONLY = ("615",)


@dataclass(frozen=True, slots=True)
class UbuntuRelease:
    """A release of Ubuntu as the archives name it."""

    codename: str
    version: str
    nvidia_name: str


UBUNTU_RELEASES = (
    UbuntuRelease("jammy", "22.04", "ubuntu2204"),
    UbuntuRelease("noble", "24.04", "ubuntu2404"),
    UbuntuRelease("resolute", "26.04", "ubuntu2604"),
)
NVIDIA_DEBIAN = ("debian12", "debian13")


@dataclass(frozen=True, slots=True)
class Toolkit:
    """A CUDA toolkit: its series, release, nvcc version and paired driver (release notes)."""

    series: str
    release: str
    nvcc: str
    driver: str


TOOLKITS = (
    Toolkit("12.6", "12.6.3", "12.6.85", "560.35.05"),
    Toolkit("12.8", "12.8.1", "12.8.93", "570.124.06"),
    Toolkit("12.9", "12.9.1", "12.9.86", "575.57.08"),
    Toolkit("13.0", "13.0.3", "13.0.88", "580.126.20"),
    Toolkit("13.2", "13.2.2", "13.2.78", "595.58.03"),
)
CUDNN_VERSIONS = ("9.10.2.21-1", "9.20.0.48-1")
NCCL_VERSIONS = (
    ("2.27.3-1", "12.9"),
    ("2.28.9-1", "12.9"),
    ("2.28.9-1", "13.0"),
    ("2.29.7-1", "12.9"),
    ("2.29.7-1", "13.2"),
)


def branch_of(version: str) -> int:
    """Return the branch of a driver version, such as 580."""
    return int(version.partition(".")[0])


def ubuntu_revision(version: str) -> str:
    """Return a version as NVIDIA's Ubuntu repositories name it."""
    is_new = tuple(map(int, version.split("."))) >= (580, 126)
    return f"{version}-{'1' if is_new else '0'}ubuntu1"
