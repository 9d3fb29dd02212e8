"""All repositories in one line for metrics and alerts: ``/var/lib/deeprig/status/backup.json``."""

from __future__ import annotations

import json
from typing import Any

from deeprig_host.backup.declared import Backup, Repository
from deeprig_host.backup.places import SUMMARY_FILE
from deeprig_host.backup.status import BadStatus, JobStatus, read_status
from deeprig_host.machine.commands import Machine
from deeprig_host.machine.durable import place_text

#: What deeprig_host/metrics/statuses.py reads.
SCHEMA = "deeprig.status/1"
_HOUR_SECONDS = 3600.0
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
    """Say whether a job is well: a backup also by its age. One that was never done is not."""
    if job is None or job.outcome == "failed" or job.success_time is None:
        return False
    if name != "backup":
        return True
    return now - job.success_time <= repository.maximum_age_hours * _HOUR_SECONDS
