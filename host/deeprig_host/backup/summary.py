"""All repositories in one line for metrics and alerts: ``/var/lib/deeprig/status/backup.json``."""

from __future__ import annotations

import json
import math
from typing import Any

from deeprig_host.backup.declared import Backup, Repository
from deeprig_host.backup.places import SUMMARY_FILE
from deeprig_host.backup.schedule import CLOCK_SLACK_SECONDS
from deeprig_host.backup.status import BadStatus, JobStatus, read_status
from deeprig_host.machine.commands import Machine
from deeprig_host.machine.durable import place_text

#: What deeprig_host/metrics/statuses.py reads.
SCHEMA = "deeprig.status/1"
_HOUR_SECONDS = 3600.0
_SLACK_HOURS = CLOCK_SLACK_SECONDS / _HOUR_SECONDS
_PROOF_PERIODS = 2
_MODE = 0o644


def write_summary(machine: Machine, backup: Backup, now: float) -> dict[str, Any]:
    """Write and return the summary.

    ``time`` is when the oldest of the newest good backups began, null where a repository has none;
    ``failed`` counts the jobs of repositories that are not good; ``ok`` is that there is none.
    """
    failed = 0
    times: list[float | None] = []
    for repository in backup.repositories:
        jobs = _jobs(machine, repository)
        failed += sum(1 for name, job in jobs.items() if not is_good(name, job, repository, now))
        times.append(jobs["backup"].success_time if jobs["backup"] else None)
    known = [time for time in times if time is not None]
    told = {
        "schema": SCHEMA,
        "what": "backup",
        "ok": failed == 0,
        "time": min(known) if known and len(known) == len(times) else None,
        "failed": failed,
    }
    place_text(machine.path(SUMMARY_FILE), json.dumps(told) + "\n", _MODE)
    return told


def _jobs(machine: Machine, repository: Repository) -> dict[str, JobStatus | None]:
    """Return the jobs that were done, and the backup in any case: None is not known."""
    try:
        return {"backup": None, **read_status(machine, repository.name).jobs}
    except BadStatus:
        return {"backup": None}  # unknown counts as failed


def is_good(name: str, job: JobStatus | None, repository: Repository, now: float) -> bool:
    """Say whether a job is well: by how it last ended, and by how long ago it was last good.

    While one runs, the one before it counts. A success in the future is of a clock that was wrong:
    how old it is, nobody knows.
    """
    if job is None or job.success_time is None:
        return False
    if job.ended is not None and job.ended.outcome == "failed":
        return False
    age_hours = (now - job.success_time) / _HOUR_SECONDS
    return -_SLACK_HOURS <= age_hours <= longest_hours(name, repository)


def longest_hours(name: str, repository: Repository) -> float:
    """Return how long ago a job may have been good; a proof that is missed once is caught up."""
    if name == "backup":
        return repository.maximum_age_hours
    check = name == "check"
    period = repository.check_period_hours if check else repository.drill_period_hours
    return _PROOF_PERIODS * period if period else math.inf
