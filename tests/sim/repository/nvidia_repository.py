"""NVIDIA's network repository: ``<distro>/x86_64/``, flat, signed, with the keyring package."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.sim.repository import debian_driver, index, nvidia_extras
from tests.sim.repository.compiled import Programs
from tests.sim.repository.cuda import cuda_packages
from tests.sim.repository.deb import deb_bytes
from tests.sim.repository.index import Indexed
from tests.sim.repository.package import File, Package
from tests.sim.repository.pinning import pinning_packages
from tests.sim.repository.signing import Key
from tests.sim.repository.ubuntu_driver import Packaging, driver_packages
from tests.sim.repository.versions import (
    DRIVER_VERSIONS,
    LAST_SUFFIXED_BRANCH,
    branch_of,
    ubuntu_revision,
)

ARCHITECTURE = "x86_64"
REAL_BASE = "https://developer.download.nvidia.com/compute/cuda/repos"
KEYRING_PATH = "usr/share/keyrings/cuda-archive-keyring.gpg"
RELEASE_FIELDS = {
    "Origin": "NVIDIA",
    "Label": "NVIDIA CUDA",
    "Architecture": ARCHITECTURE,
    "Description": "Simulated by deeprig's tests",
}
PIN_600 = """\
Package: nsight-compute
Pin: origin *ubuntu.com*
Pin-Priority: -1

Package: nsight-systems
Pin: origin *ubuntu.com*
Pin-Priority: -1

Package: *
Pin: release l=NVIDIA CUDA
Pin-Priority: 600
"""


def directory_of(root: Path, distribution: str) -> Path:
    """Return the flat repository of a distribution, such as ubuntu2404."""
    return root / distribution / ARCHITECTURE


def ubuntu_packages(programs: Programs) -> tuple[Package, ...]:
    """Return what the Ubuntu repositories have; the three are alike."""
    made: list[Package] = []
    for version in DRIVER_VERSIONS:
        packaging = ubuntu_packaging(version)
        made += driver_packages(packaging, programs)
        made += nvidia_extras.ubuntu_metapackages(version, packaging.package_version)
        made += nvidia_extras.floating_packages(version, packaging.package_version, programs)
        made += nvidia_extras.fabric_packages(version, programs)
    return (*made, *_of_both(programs))


def ubuntu_packaging(version: str, is_broken: bool = False) -> Packaging:
    """Return how NVIDIA packages a version for Ubuntu."""
    branch = branch_of(version)
    suffix = f"-{branch}" if branch <= LAST_SUFFIXED_BRANCH else ""
    return Packaging(
        suffix,
        version,
        ubuntu_revision(version),
        source=f"nvidia-graphics-drivers{suffix}",
        is_broken=is_broken,
    )


def debian_packages(programs: Programs) -> tuple[Package, ...]:
    """Return what the Debian repositories have."""
    made: list[Package] = []
    for version in DRIVER_VERSIONS:
        made += debian_driver.driver_packages(version, programs)
        made += nvidia_extras.floating_packages(version, f"{version}-1", programs)
        made += nvidia_extras.fabric_packages(version, programs)
    return (*made, *_of_both(programs))


def _of_both(programs: Programs) -> tuple[Package, ...]:
    return (*pinning_packages(DRIVER_VERSIONS), nvidia_extras.nvlsm(), *cuda_packages(programs))


def keyring_package(distribution: str, public_key: bytes) -> Package:
    """Return cuda-keyring 1.1-1: key, source line of NVIDIA's own server and the pin of 600."""
    source = f"etc/apt/sources.list.d/cuda-{distribution}-{ARCHITECTURE}.list"
    line = f"deb [signed-by=/{KEYRING_PATH}] {REAL_BASE}/{distribution}/{ARCHITECTURE}/ /\n"
    pin = "etc/apt/preferences.d/cuda-repository-pin-600"
    return Package(
        "cuda-keyring",
        "1.1-1",
        files=(
            File(KEYRING_PATH, public_key),
            File(source, line.encode()),
            File(pin, PIN_600.encode()),
        ),
        scripts={"conffiles": f"/{source}\n/{pin}\n"},
        architecture="all",
        section="utils",
        maintainer=nvidia_extras.MAINTAINER,
        description="GPG keyring for the CUDA repository",
    )


@dataclass(frozen=True, slots=True)
class Written:
    """A written repository: its directory, its Release to be signed, and the keyring package."""

    directory: Path
    release: Path
    keyring: Path


def write(root: Path, distribution: str, packages: tuple[Indexed, ...], key: Key) -> Written:
    """Write the repository of a distribution, but for the signatures."""
    directory = directory_of(root, distribution)
    public = key.public.read_bytes()
    keyring = keyring_package(distribution, public)
    everything = (*packages, Indexed(keyring, f"./{keyring.file_name}", deb_bytes(keyring)))
    index.write_debs(directory, everything)
    index.write_packages(directory, everything)
    (directory / "cuda-archive-keyring.gpg").write_bytes(public)
    release = index.write_release(directory, RELEASE_FIELDS)
    return Written(directory, release, directory / keyring.file_name)
