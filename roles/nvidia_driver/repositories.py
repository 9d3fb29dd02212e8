"""NVIDIA's network repository: where it is, and what proves that it is NVIDIA's.

Sources: NVIDIA/cuda-repo-management README and SIGNATURES.md; the CUDA installation guide. None
is what nobody verified: the settings must say it then.
"""

from __future__ import annotations

from dataclasses import dataclass

BASE_URL = "https://developer.download.nvidia.com/compute/cuda/repos"
#: dpkg's architecture to NVIDIA's directory.
ARCHITECTURES: dict[str, str] = {"amd64": "x86_64", "arm64": "sbsa"}
KEYRING_PACKAGE = "cuda-keyring_1.1-1_all.deb"
#: Release fields by which apt knows the repository; ``l=`` in a preferences file.
LABEL = "NVIDIA CUDA"


@dataclass(frozen=True, slots=True)
class NvidiaRepository:
    """The repository of one release. ``keyring_sha256`` is of the keyring package for x86_64."""

    distribution: str
    release: str
    directory: str
    fingerprint: str | None
    keyring_sha256: str | None
    source: str


_OLD_KEY = "EB693B3035CD5710E231E123A4B469963BF863CC"
_NEW_KEY = "02182E60104FCDC26EAE1B8597A5D4CB8793F200"
_SIGNATURES = "NVIDIA/cuda-repo-management SIGNATURES.md"
_NOBODY = "not verified"

NVIDIA_REPOSITORIES: tuple[NvidiaRepository, ...] = (
    NvidiaRepository("ubuntu", "22.04", "ubuntu2204", _OLD_KEY, None, _SIGNATURES),
    NvidiaRepository(
        "ubuntu",
        "24.04",
        "ubuntu2404",
        _OLD_KEY,
        "d2a6b11c096396d868758b86dab1823b25e14d70333f1dfa74da5ddaf6a06dba",
        _SIGNATURES,
    ),
    NvidiaRepository("ubuntu", "26.04", "ubuntu2604", None, None, _NOBODY),
    NvidiaRepository("debian", "12", "debian12", _OLD_KEY, None, _SIGNATURES),
    NvidiaRepository("debian", "13", "debian13", _NEW_KEY, None, _SIGNATURES),
)

#: The component of the distribution's archive that the driver is in.
ARCHIVE_COMPONENTS: dict[str, tuple[str, ...]] = {
    "ubuntu": ("restricted",),
    "debian": ("contrib", "non-free", "non-free-firmware"),
}


def nvidia_repository(distribution: str, release: str) -> NvidiaRepository | None:
    """Return NVIDIA's repository for a release, or None where NVIDIA has none."""
    return next(
        (
            row
            for row in NVIDIA_REPOSITORIES
            if (row.distribution, row.release) == (distribution, release)
        ),
        None,
    )
