"""What each job last did with a repository: ``/var/lib/deeprig/backup/<repository>.json``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

from deeprig_host.backup.places import STATE_DIRECTORY
from deeprig_host.machine.commands import Machine
from deeprig_host.machine.durable import place_text

SCHEMA = "deeprig.backup/1"
Job = Literal["backup", "check", "drill"]
JOBS: tuple[Job, ...] = ("backup", "check", "drill")
#: ``running`` with nobody at work is a run that was cut off.
Outcome = Literal["running", "good", "failed"]
#: Reasons name private paths. Who reads it (the metrics, `backup status`, verify) is root.
_MODE = 0o600


class BadStatus(Exception):
    """A status file that cannot be read: what was before is unknown."""


@dataclass(frozen=True, slots=True)
class JobStatus:
    """The last run of a job; times are seconds since 1970.

    ``success_time`` is when the last good run began: what it holds is as old as that. ``details``
    are the job's own numbers and names, as JSON values; of a backup also ``files_before`` and
    ``bytes_before``, what the last good one held that was not far smaller than the one before it.
    ``last`` is, while one is running, the one before it that came to its end: what failed stays
    failed until a run is good.
    """

    outcome: Outcome
    started_time: float
    ended_time: float | None = None
    success_time: float | None = None
    reasons: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    details: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    last: JobStatus | None = None

    @property
    def ended(self) -> JobStatus | None:
        """Return the last run that came to its end, None where there was none."""
        return self.last if self.outcome == "running" else self


@dataclass(frozen=True, slots=True)
class RepositoryStatus:
    """What is known of a repository. ``is_used``: it was there once, it is never made again."""

    jobs: Mapping[str, JobStatus] = field(default_factory=lambda: MappingProxyType({}))
    is_used: bool = False
    filled: tuple[str, ...] = ()


def read_status(machine: Machine, repository: str) -> RepositoryStatus:
    """Return a repository's status, an empty one where there is none yet. Raise BadStatus."""
    path = machine.path(_place(repository))
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        if told["schema"] != SCHEMA:
            raise BadStatus(f"{_place(repository)}: not of schema {SCHEMA}")
        jobs = {name: _job(one) for name, one in told["jobs"].items()}
        return RepositoryStatus(jobs, bool(told["is_used"]), tuple(map(str, told["filled"])))
    except FileNotFoundError:
        return RepositoryStatus()
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BadStatus(f"{_place(repository)}: cannot be read: {error!r}") from error


def write_status(machine: Machine, repository: str, status: RepositoryStatus) -> None:
    """Have a repository's status on the disk."""
    told = {
        "schema": SCHEMA,
        "repository": repository,
        "is_used": status.is_used,
        "filled": list(status.filled),
        "jobs": {name: _plain(one) for name, one in status.jobs.items()},
    }
    place_text(machine.path(_place(repository)), json.dumps(told, indent=1) + "\n", _MODE)


def _place(repository: str) -> str:
    return f"{STATE_DIRECTORY}/{repository}.json"


def _plain(status: JobStatus) -> dict[str, Any]:
    return {
        "outcome": status.outcome,
        "started_time": status.started_time,
        "ended_time": status.ended_time,
        "success_time": status.success_time,
        "reasons": list(status.reasons),
        "remarks": list(status.remarks),
        "details": dict(status.details),
        "last": _plain(status.last) if status.last else None,
    }


def _job(told: dict[str, Any]) -> JobStatus:
    if told["outcome"] not in ("running", "good", "failed"):
        raise ValueError(f"outcome {told['outcome']!r}")
    return JobStatus(
        told["outcome"],
        float(told["started_time"]),
        _time(told["ended_time"]),
        _time(told["success_time"]),
        tuple(map(str, told["reasons"])),
        tuple(map(str, told["remarks"])),
        dict(told["details"]),
        _job(last) if (last := told.get("last")) else None,
    )


def _time(value: Any) -> float | None:
    return None if value is None else float(value)
