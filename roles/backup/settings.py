"""Settings of the backup role. The host's own reader applies the same rules before it is placed."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from deeprig.role import RoleSettings
from deeprig.secrets import covered
from deeprig.tasks.ini_sections import Section
from roles.backup.configuration import sections
from roles.backup.repository import SECRETS, RepositorySettings
from roles.backup.values import Paths, Pattern

#: What people make on a machine. Not /opt and /var/lib: packages and environments are made again.
DEFAULT_SOURCES = ("/etc", "/home", "/root", "/srv", "/usr/local")
#: It becomes a file name, and stands in metrics.
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
#: Names of other files beside those of repositories, on the host.
_TAKEN = ("canary", "excludes", "state")


def _name(name: str) -> str:
    if not _NAME.fullmatch(name) or name in _TAKEN:
        raise ValueError(
            f"a repository's name is of a-z, 0-9, _ and -, at most 40, and not {', '.join(_TAKEN)}"
        )
    return name


RepositoryName = Annotated[str, AfterValidator(_name)]


class BackupSettings(RoleSettings):
    """What is backed up, where to, when, and how it is proven."""

    repositories: dict[RepositoryName, RepositorySettings] = Field(
        {},
        description="Where backups go to, by name. None: the host has no backups, and what an "
        "earlier declaration placed is removed; the backups themselves stay.",
    )
    sources: Paths = Field(
        DEFAULT_SOURCES,
        min_length=1,
        description="What is backed up, beside what says what the machine is.",
    )
    exclude: tuple[Pattern, ...] = Field(
        (), description="Further patterns of restic's that are left out; caches always are."
    )
    exclude_datasets: bool = Field(
        True, description="Leave out data whose deeprig-dataset.json says where it is had again."
    )
    keep_checkpoints: int | Literal["all"] = Field(
        1,
        description="How many of the newest step checkpoints of a training are kept, beside best "
        "and last; they do not deduplicate. 'all' keeps all.",
    )
    mounts: Paths = Field(
        (), description="What must be mounted before anything is read, such as a data disk."
    )
    may_be_empty: Paths = Field(
        (), description="Sources that may be empty though they were not the last time."
    )
    conda_prefixes: Paths | None = Field(
        None,
        description="Where conda is: its environments are written down before each backup. "
        "Default: the prefix of the role conda.",
    )
    schedule: Literal["cron", "timer"] = Field(
        "cron", description="What looks every 15 minutes for what is due: cron, or systemd."
    )
    nice: int = Field(10, ge=0, le=19, description="restic's nice value.")
    io_class: Literal["idle", "best-effort"] = Field(
        "idle", description="restic's I/O class (ionice(1)); 'idle' never disturbs a training."
    )

    def sections_of(self, host: str) -> tuple[Section, ...]:
        """Return what the configuration on a host of this name says."""
        return sections(self, host)

    @model_validator(mode="before")
    @classmethod
    def _keep_secrets(cls, data: Any) -> Any:
        """Wrap secrets first: a mistake anywhere is told with what was given."""
        return covered(data, SECRETS)

    @model_validator(mode="after")
    def _whole(self) -> BackupSettings:
        unknown = sorted(set(self.may_be_empty) - set(self.sources))
        if unknown:
            raise ValueError(f"may_be_empty: {', '.join(unknown)} is no source")
        whole = sorted(set(self.exclude) & {"*", "**", "/", "/*", "/**", *self.sources})
        if whole:
            raise ValueError(f"exclude: {', '.join(whole)} leaves out a whole source")
        urls = [one.url for one in self.repositories.values() if one.url is not None]
        twice = sorted({url for url in urls if urls.count(url) > 1})
        if twice:
            raise ValueError(f"one repository under two names: {', '.join(twice)}")
        if self.keep_checkpoints != "all" and not 1 <= self.keep_checkpoints <= 1000:
            raise ValueError("keep_checkpoints is 1 to 1000, or 'all'")
        return self
