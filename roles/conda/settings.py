"""Settings of the conda role."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Annotated, Literal

from packaging.requirements import InvalidRequirement, Requirement
from pydantic import (
    AfterValidator,
    Field,
    PrivateAttr,
    ValidationInfo,
    field_validator,
    model_validator,
)

from deeprig.role import RoleSettings
from roles.conda.locks import CondaLock, PipLock, lock_files

#: Anaconda's own channels need a paid licence in most organisations; conda-forge does not.
_REFUSED_CHANNELS = frozenset({"defaults", "main", "anaconda", "r", "msys2", "pkgs/main", "pkgs/r"})
_SPEC = re.compile(r"[a-z0-9_][a-z0-9_.-]*\s*([=<>!~].*)?|\S+::\S+")


def _absolute(value: str) -> str:
    if not re.fullmatch(r"(/[A-Za-z0-9._-]+)+", value):
        raise ValueError("this is no absolute path without spaces (conda cannot live in others)")
    return value


def _requirement(value: str) -> str:
    try:
        Requirement(value)
    except InvalidRequirement as error:
        raise ValueError(f"this is no pip requirement: {error}".splitlines()[0]) from error
    return value


def _spec(value: str) -> str:
    if not _SPEC.fullmatch(value):
        raise ValueError("this is no conda package specification (such as numpy or numpy>=2)")
    return value


def _no_defaults(value: str) -> str:
    if not re.fullmatch(r"\S+", value):
        raise ValueError("this is no channel (a name or a URL, without spaces)")
    name = value.rstrip("/").rpartition("/")[2] if "://" in value else value
    if value in _REFUSED_CHANNELS or name in _REFUSED_CHANNELS:
        raise ValueError("Anaconda's own channels are not used (licence); take conda-forge")
    return value


AbsolutePath = Annotated[str, AfterValidator(_absolute)]
PipRequirement = Annotated[str, AfterValidator(_requirement)]
CondaSpec = Annotated[str, AfterValidator(_spec)]
Channel = Annotated[str, AfterValidator(_no_defaults)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
EnvironmentName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}$")]


class InstallerSettings(RoleSettings):
    """The Miniforge installer, or a compatible one (constructor's shell installers)."""

    version: str = Field(
        "26.3.2-3", pattern=r"^\d+(\.\d+)+(-\d+)?$", description="Miniforge release."
    )
    url: str = Field(
        "https://github.com/conda-forge/miniforge/releases/download/"
        "{version}/Miniforge3-{version}-Linux-{machine}.sh",
        description="Where it is; {version} and {machine} (uname -m) are filled in.",
    )
    sha256: Sha256 | None = Field(
        None,
        description="Its checksum. Default: the first field of the .sha256 file beside it, "
        "which guards against a broken download, not against a broken publisher.",
    )

    def url_for(self, machine: str) -> str:
        """Return the URL for a machine's ``uname -m``."""
        return self.url.format(version=self.version, machine=machine)

    @property
    def conda_version(self) -> str:
        """Return the version of conda in this release: Miniforge adds its build number to it."""
        return self.version.partition("-")[0]


class PipSettings(RoleSettings):
    """Where pip finds packages, and which ones an environment gets."""

    packages: tuple[PipRequirement, ...] = Field((), description="Requirements, as pip has them.")
    index_url: str | None = Field(None, description="Replaces the default package index.")
    extra_index_urls: tuple[str, ...] = Field((), description="Further package indexes.")
    find_links: tuple[str, ...] = Field((), description="Pages or directories of wheels.")
    no_index: bool = Field(False, description="Use find_links only (no network index).")
    trusted_hosts: tuple[str, ...] = Field(
        (), description="Hosts that may be asked over plain http; pip ignores others."
    )

    def options(self) -> tuple[str, ...]:
        """Return pip's command-line options for the sources."""
        return (
            *(["--no-index"] if self.no_index else []),
            *([f"--index-url={self.index_url}"] if self.index_url else []),
            *(f"--extra-index-url={url}" for url in self.extra_index_urls),
            *(f"--find-links={url}" for url in self.find_links),
            *(f"--trusted-host={host}" for host in self.trusted_hosts),
        )


#: Keys of deeprig.verify.training.request.TESTS.
TrainingTest = Literal[
    "pytorch", "tensorflow", "jax", "keras-torch", "keras-tensorflow", "keras-jax"
]


class EnvironmentSettings(RoleSettings):
    """One conda environment."""

    name: EnvironmentName = Field(description="Name for 'conda activate'.")
    python: str | None = Field(
        None, pattern=r"^\d+(\.\d+){0,2}$", description="Python version, such as 3.11."
    )
    packages: tuple[CondaSpec, ...] = Field((), description="Conda packages.")
    channels: tuple[Channel, ...] | None = Field(None, description="Instead of the role's.")
    pip: PipSettings = Field(PipSettings(), description="Packages that pip installs.")
    cuda: str | None = Field(
        None,
        pattern=r"^(cpu|\d+(\.\d+)?)$",
        description="CUDA version the environment is solved for, or 'cpu'. "
        "Default: what conda detects on the host.",
    )
    lock: Path | None = Field(
        None, description="Lock written by 'deeprig lock', installed as it is, without a solve."
    )
    training_test: TrainingTest | tuple[TrainingTest, ...] | None = Field(
        None,
        description="Framework, or frameworks, with which 'verify' proves that the environment "
        "trains.",
    )

    _conda_lock: CondaLock | None = PrivateAttr(None)
    _pip_lock: PipLock | None = PrivateAttr(None)

    @model_validator(mode="after")
    def _complete(self, info: ValidationInfo) -> EnvironmentSettings:
        if self.lock is not None:
            lab = (info.context or {}).get("lab_directory", Path())
            self._conda_lock, self._pip_lock = lock_files(lab / self.lock)
        elif self.python is None:
            raise ValueError("name a python version (python = '3.11'), or a lock")
        return self

    @property
    def training_tests(self) -> tuple[TrainingTest, ...]:
        """Return the frameworks that are proven, none or several."""
        declared = self.training_test
        return (declared,) if isinstance(declared, str) else declared or ()

    @property
    def conda_lock(self) -> CondaLock | None:
        """Return conda's part of the lock, read when the inventory was validated."""
        return self._conda_lock

    @property
    def pip_lock(self) -> PipLock | None:
        """Return pip's part of the lock, where it has one."""
        return self._pip_lock

    @property
    def solve_environment(self) -> dict[str, str]:
        """Return the variable that tells conda's solver the CUDA version (conda's documented
        CONDA_OVERRIDE_CUDA; empty means none)."""
        if self.cuda is None:
            return {}
        return {"CONDA_OVERRIDE_CUDA": "" if self.cuda == "cpu" else self.cuda}

    def digest(self, role: CondaSettings) -> str:
        """Return a name for exactly this declaration: another declaration has another digest."""
        parts = [
            self.model_dump_json(exclude={"training_test", "lock"}),
            repr(role.channels_of(self)),
            repr(role.pip_of(self)),
            self.conda_lock.text if self.conda_lock else "",
            self.pip_lock.text if self.pip_lock else "",
        ]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]


class CondaSettings(RoleSettings):
    """Settings under ``conda`` in the inventory."""

    prefix: AbsolutePath = Field("/opt/conda", description="Where conda lives, for all users.")
    installer: InstallerSettings = Field(InstallerSettings(), description="How conda comes.")
    channels: tuple[Channel, ...] = Field(
        ("conda-forge",), min_length=1, description="Channels, most important first."
    )
    channel_alias: str | None = Field(None, description="Mirror of anaconda.org for all channels.")
    custom_channels: dict[str, str] = Field(
        {}, description="Mirror for single channels; wins over channel_alias."
    )
    pip: PipSettings = Field(
        PipSettings(), description="Package sources of pip, also for users (/etc/pip.conf)."
    )
    environments: tuple[EnvironmentSettings, ...] = Field((), description="Environments.")
    kept_generations: int = Field(
        1, ge=0, description="Earlier builds of an environment kept for programs still in them."
    )

    @field_validator("environments")
    @classmethod
    def _named_once(
        cls, environments: tuple[EnvironmentSettings, ...]
    ) -> tuple[EnvironmentSettings, ...]:
        names = [environment.name for environment in environments]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"an environment is listed twice: {', '.join(twice)}")
        return environments

    def channels_of(self, environment: EnvironmentSettings) -> tuple[str, ...]:
        """Return the channels an environment is solved from."""
        return environment.channels or self.channels

    def pip_of(self, environment: EnvironmentSettings) -> tuple[str, ...]:
        """Return pip's source options for an environment: the role's, then its own."""
        own = environment.pip
        index = own.index_url or self.pip.index_url
        merged = PipSettings(
            index_url=index,
            extra_index_urls=(*self.pip.extra_index_urls, *own.extra_index_urls),
            find_links=(*self.pip.find_links, *own.find_links),
            no_index=self.pip.no_index or own.no_index,
            trusted_hosts=(*self.pip.trusted_hosts, *own.trusted_hosts),
        )
        return merged.options()

    def environment_path(self, name: str) -> str:
        """Return the path by which users and conda know an environment."""
        return f"{self.prefix}/envs/{name}"

    def generations_path(self, name: str) -> str:
        """Return the directory that holds the builds of an environment."""
        return f"{self.prefix}/generations/{name}"
