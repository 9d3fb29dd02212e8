"""What is declared about backups, as frozen data with its defaults."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from deeprig_host.backup.places import CANARY_FILE

#: Who forgets and prunes: this host, or another one where this host may only append.
Prune = Literal["here", "elsewhere"]
IoClass = Literal["idle", "best-effort"]
#: The ``url`` that says: RESTIC_REPOSITORY of the environment file, since it holds a password.
FROM_ENVIRONMENT = "environment"
PERIOD_HOURS = 24.0
MAXIMUM_AGE_HOURS = 48.0
CHECK_PERIOD_HOURS = 168.0
DRILL_PERIOD_HOURS = 720.0


@dataclass(frozen=True, slots=True)
class Retention:
    """How many snapshots are kept; restic keeps what any one of them asks for."""

    keep_last: int = 0
    keep_daily: int = 0
    keep_weekly: int = 0
    keep_monthly: int = 0

    @property
    def is_nothing(self) -> bool:
        """Say whether no snapshot would be kept: restic refuses that, and so do we."""
        return not any((self.keep_last, self.keep_daily, self.keep_weekly, self.keep_monthly))


@dataclass(frozen=True, slots=True)
class Repository:
    """One place that backups go to.

    ``create``: it is new, the first run may initialise it; a repository that was used once is never
    initialised again. ``check_subset`` is what restic's ``--read-data-subset`` takes. A period of 0
    hours is never. ``ssh_key_file`` and ``known_hosts_file`` are for what is reached over SSH,
    ``ca_file`` for TLS: who signs the server's certificate, empty for those the system trusts.
    """

    name: str
    url: str
    password_file: str
    environment_file: str = ""
    ssh_key_file: str = ""
    known_hosts_file: str = ""
    ca_file: str = ""
    create: bool = False
    mounts: tuple[str, ...] = ()
    limit_upload_kib: int = 0
    retention: Retention = field(default_factory=Retention)
    prune: Prune = "here"
    check_subset: str = "5%"
    maximum_age_hours: float = MAXIMUM_AGE_HOURS
    period_hours: float = PERIOD_HOURS
    check_period_hours: float = CHECK_PERIOD_HOURS
    drill_period_hours: float = DRILL_PERIOD_HOURS
    at_minutes: int = 60
    jitter_minutes: int = 120
    retry_minutes: int = 60
    lock_wait_minutes: float = 10.0
    longest_hours: float = 48.0


@dataclass(frozen=True, slots=True)
class Backup:
    """The whole of ``backup.conf``. ``tag`` is the host's name in the snapshots, empty for its own.

    ``mounts`` must be mounted before anything is read; ``may_be_empty`` are sources that may have
    nothing in them though they had something before. ``keep_checkpoints`` is how many of the newest
    step checkpoints of a directory are kept beside best and last; None keeps all. ``conda`` are the
    prefixes whose environments are written down.
    """

    sources: tuple[str, ...]
    repositories: tuple[Repository, ...]
    mounts: tuple[str, ...] = ()
    may_be_empty: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    exclude_datasets: bool = True
    keep_checkpoints: int | None = 1
    conda: tuple[str, ...] = ("/opt/conda",)
    tag: str = ""
    nice: int = 10
    io_class: IoClass = "idle"
    canary: str = CANARY_FILE

    def repository(self, name: str) -> Repository | None:
        """Return the repository of a name, None where there is none."""
        return next((one for one in self.repositories if one.name == name), None)
