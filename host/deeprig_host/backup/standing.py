"""How backups to one repository stand: what each job last did, when it is due, and the verdict."""

from __future__ import annotations

import time
from typing import Any

from deeprig_host.backup.declared import Backup, Repository
from deeprig_host.backup.documents import job_document
from deeprig_host.backup.due_jobs import PROOFS, backup_due, host_name, proof_job_due
from deeprig_host.backup.schedule import Due, Proof, latest_proof_slot, latest_slot
from deeprig_host.backup.status import JOBS, BadStatus, JobStatus, read_status
from deeprig_host.backup.summary import is_good
from deeprig_host.machine.commands import Machine

_HOUR_SECONDS = 3600.0


def standing(
    machine: Machine, backup: Backup, repository: Repository, now: float
) -> dict[str, Any]:
    """Return how a repository stands, as JSON values.

    ``ok`` is the verdict, ``reason`` why it is not; a job that was never done is null. What cannot
    be read is not ok.
    """
    head = {
        "maximum_age_hours": repository.maximum_age_hours,
        "due": _due(machine, backup, repository, now),
    }
    try:
        jobs = read_status(machine, repository.name).jobs
    except BadStatus as bad:
        return {"ok": False, "reason": str(bad), "jobs": dict.fromkeys(JOBS), **head}
    wrong = tuple(_wrong(jobs, repository, now))
    return {
        "ok": not wrong,
        "reason": "; ".join(wrong),
        "jobs": {name: job_document(jobs.get(name)) for name in JOBS},
        **head,
    }


def _wrong(jobs: Any, repository: Repository, now: float) -> Any:
    """Yield what is wrong with the jobs: a check or a drill that was never done is not."""
    for name in JOBS:
        job: JobStatus | None = jobs.get(name)
        if (job is None and name != "backup") or is_good(name, job, repository, now):
            continue
        yield f"{name}: {_why(job, repository, now)}"


def _why(job: JobStatus | None, repository: Repository, now: float) -> str:
    if job is None:
        return "never done"
    if job.outcome == "failed":
        return "; ".join(job.reasons[:2]) or "failed"
    if job.success_time is None:
        return "none was good yet"
    hours = (now - job.success_time) / _HOUR_SECONDS
    return f"the last good one is {hours:.0f} h old, declared are {repository.maximum_age_hours:g}"


def _due(machine: Machine, backup: Backup, repository: Repository, now: float) -> dict[str, Any]:
    is_due = backup_due(machine, backup, repository, now)
    found = {"backup": _told(is_due, _next(backup, repository, now))}
    for name in PROOFS:
        due = proof_job_due(machine, backup, repository, name, now)
        found[name] = _told(due, _next_proof(backup, repository, name, now))
    return found


def _told(due: Due, next_time: float | None) -> dict[str, Any]:
    return {"is_due": due.is_due, "reason": due.reason, "next_time": next_time}


def _next(backup: Backup, repository: Repository, now: float) -> float:
    """Return when the next backup is to begin."""
    slot = latest_slot(now, _offset(now), host_name(backup), repository)
    return slot + repository.period_hours * _HOUR_SECONDS


def _next_proof(backup: Backup, repository: Repository, name: str, now: float) -> float | None:
    """Return when the next check or drill is to begin, None where it never is."""
    is_check = name == "check"
    hours = repository.check_period_hours if is_check else repository.drill_period_hours
    if not hours:
        return None
    proof = Proof(name, hours, repository.retry_minutes)
    slot = latest_proof_slot(now, _offset(now), host_name(backup), repository, proof)
    return slot + hours * _HOUR_SECONDS


def _offset(now: float) -> float:
    return time.localtime(now).tm_gmtoff
