"""NVIDIA's network repository for apt: which one a host needs, and how it is set up.

What proves that the repository is NVIDIA's, in this order: the SHA-256 of the keyring package,
checked on the controller before it is uploaded; where no checksum is known, the bare key, whose
fingerprint is checked on the controller. The fingerprint, where one is known, is also checked of
the key that lies on the host in the end. With neither, nothing is installed.

Sources: NVIDIA/cuda-repo-management README and SIGNATURES.md; the CUDA installation guide;
sources.list(5).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator, Field

from deeprig.errors import DeeprigError
from deeprig.facts import HostFacts
from deeprig.role import RoleSettings

BASE_URL = "https://developer.download.nvidia.com/compute/cuda/repos"
#: dpkg's architecture to NVIDIA's directory.
ARCHITECTURES: dict[str, str] = {"amd64": "x86_64", "arm64": "sbsa"}
KEYRING_PACKAGE = "cuda-keyring_1.1-1_all.deb"
KEY_FILE = "cuda-archive-keyring.gpg"
#: Where the keyring package puts the key, and where the bare key goes.
PACKAGED_KEY = f"/usr/share/keyrings/{KEY_FILE}"
BARE_KEY = "/etc/apt/keyrings/deeprig-nvidia-cuda.gpg"
#: Release field by which apt knows the repository; ``l=`` in a preferences file.
LABEL = "NVIDIA CUDA"
#: The one file that names the repository; every other is removed.
SOURCE_FILE = "/etc/apt/sources.list.d/deeprig-nvidia-cuda.sources"


@dataclass(frozen=True, slots=True)
class NvidiaRepository:
    """The repository of one release. None is what nobody verified: the settings must say it.

    ``keyring_sha256`` is of the keyring package for x86_64.
    """

    distribution: str
    release: str
    directory: str
    fingerprint: str | None
    keyring_sha256: str | None
    source: str


_OLD_KEY = "EB693B3035CD5710E231E123A4B469963BF863CC"
_NEW_KEY = "02182E60104FCDC26EAE1B8597A5D4CB8793F200"
_SIGNATURES = "NVIDIA/cuda-repo-management SIGNATURES.md"
_SHA256_UBUNTU2404 = "d2a6b11c096396d868758b86dab1823b25e14d70333f1dfa74da5ddaf6a06dba"

NVIDIA_REPOSITORIES: tuple[NvidiaRepository, ...] = (
    NvidiaRepository("ubuntu", "22.04", "ubuntu2204", _OLD_KEY, None, _SIGNATURES),
    NvidiaRepository("ubuntu", "24.04", "ubuntu2404", _OLD_KEY, _SHA256_UBUNTU2404, _SIGNATURES),
    NvidiaRepository("ubuntu", "26.04", "ubuntu2604", None, None, "not verified"),
    NvidiaRepository("debian", "12", "debian12", _OLD_KEY, None, _SIGNATURES),
    NvidiaRepository("debian", "13", "debian13", _NEW_KEY, None, _SIGNATURES),
)


def nvidia_repository(distribution: str, release: str) -> NvidiaRepository | None:
    """Return the row of a release, or None where NVIDIA has no repository for it."""
    wanted = (distribution, release)
    rows = (r for r in NVIDIA_REPOSITORIES if (r.distribution, r.release) == wanted)
    return next(rows, None)


def _web_address(value: str) -> str:
    if not re.fullmatch(r"https?://\S+", value):
        raise ValueError("this is no http or https URL")
    return value.rstrip("/")


Url = Annotated[str, AfterValidator(_web_address)]


class NvidiaRepositorySettings(RoleSettings):
    """NVIDIA's network repository, or a mirror with the same layout."""

    base_url: Url = Field(
        BASE_URL,
        description="What stands before <distribution>/<architecture>/, such as a lab's mirror.",
    )
    directory: str | None = Field(
        None,
        pattern=r"^[a-z]+[0-9]+$",
        description="Directory of the distribution, such as ubuntu2404. Default: the host's.",
    )
    architecture: str | None = Field(
        None,
        pattern=r"^[a-z0-9_]+$",
        description="Directory of the architecture, x86_64 or sbsa. Default: the host's.",
    )
    keyring_url: Url | None = Field(
        None, description="The keyring package. Default: cuda-keyring in the repository."
    )
    keyring_sha256: str | None = Field(
        None,
        pattern=r"^[0-9a-f]{64}$",
        description="Its checksum, checked on the controller. Default: the one deeprig knows for "
        "the release; where it knows none, the bare key is used instead, by its fingerprint.",
    )
    key_url: Url | None = Field(
        None, description="The bare key. Default: cuda-archive-keyring.gpg in the repository."
    )
    fingerprint: str | None = Field(
        None,
        pattern=r"^[0-9A-F]{40}([0-9A-F]{24})?$",
        description="Fingerprint of the signing key; the key on the host must be this one and no "
        "other. Default: the one deeprig knows for the release.",
    )

    def fingerprint_for(self, row: NvidiaRepository | None) -> str | None:
        """Return the fingerprint of a release's key, or None where nobody verified one."""
        return self.fingerprint or (row.fingerprint if row else None)


@dataclass(frozen=True, slots=True)
class ChosenRepository:
    """The repository for one host, complete. One of ``keyring_sha256``, ``fingerprint`` is set."""

    url: str
    keyring_url: str
    keyring_sha256: str | None
    key_url: str
    fingerprint: str | None

    @property
    def is_packaged(self) -> bool:
        """Say whether the key comes in the keyring package, or bare."""
        return self.keyring_sha256 is not None

    @property
    def key_path(self) -> str:
        """Return where the key lies on the host."""
        return PACKAGED_KEY if self.is_packaged else BARE_KEY

    def source(self, architecture: str) -> str:
        """Return the deb822 source (sources.list(5)); the repository is flat: no components."""
        return (
            "# Managed by deeprig: changes here are overwritten by the next apply.\n"
            "Types: deb\n"
            f"URIs: {self.url}/\n"
            "Suites: /\n"
            f"Architectures: {architecture}\n"
            f"Signed-By: {self.key_path}\n"
        )


def choose_repository(settings: NvidiaRepositorySettings, facts: HostFacts) -> ChosenRepository:
    """Return the repository of a host. Raise DeeprigError where nothing would prove it genuine."""
    row = nvidia_repository(facts.distribution, facts.release)
    directory = settings.directory or (row.directory if row else None)
    architecture = settings.architecture or ARCHITECTURES.get(facts.architecture)
    if directory is None or architecture is None:
        raise DeeprigError(
            f"no NVIDIA repository is known for {facts.pretty_name} on {facts.machine}",
            place="nvidia_repository",
            remedy="set directory and architecture as they are in the repository's URL",
        )
    # The checksum in the table is of NVIDIA's own file, and of the release's own directory.
    is_own = row is not None and (directory, architecture) == (row.directory, "x86_64")
    known = row.keyring_sha256 if row and is_own and settings.keyring_url is None else None
    url = f"{settings.base_url}/{directory}/{architecture}"
    chosen = ChosenRepository(
        url=url,
        keyring_url=settings.keyring_url or f"{url}/{KEYRING_PACKAGE}",
        keyring_sha256=settings.keyring_sha256 or known,
        key_url=settings.key_url or f"{url}/{KEY_FILE}",
        fingerprint=settings.fingerprint_for(row),
    )
    if chosen.keyring_sha256 is None and chosen.fingerprint is None:
        raise DeeprigError(
            f"nothing is known that proves {url} to be NVIDIA's",
            place="nvidia_repository",
            remedy="set keyring_sha256 (of the keyring package) or fingerprint (of the key), from "
            "NVIDIA's installation guide",
        )
    return chosen
