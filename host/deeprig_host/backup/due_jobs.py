"""Which jobs are due now, by what is declared and by what each of them last did."""

from __future__ import annotations

import os
import time
from typing import Literal

from deeprig_host.backup.declared import Backup, Repository
from deeprig_host.backup.schedule import Due, Past, Proof, due, proof_due
from deeprig_host.backup.status import BadStatus, JobStatus, RepositoryStatus, read_status
from deeprig_host.machine.commands import Machine

ProofName = Literal["check", "drill"]
PROOFS: tuple[ProofName, ...] = ("check", "drill")
#: A damaged repository is not read again each hour: it is told, and somebody has to look.
_DAMAGED_RETRY_MINUTES = 24 * 60.0


def backup_due(machine: Machine, backup: Backup, repository: Repository, now: float) -> Due:
    """Say whether a backup is due; where what was before is unknown, it is."""
    try:
        job = read_status(machine, repository.name).jobs.get("backup")
    except BadStatus as bad:
        return Due(True, f"what was before is not known: {bad}")
    return due(now, _utc_offset_seconds(now), host_name(backup), repository, _past(job))


def proof_job_due(
    machine: Machine, backup: Backup, repository: Repository, name: ProofName, now: float
) -> Due:
    """Say whether a check or a drill is due: never before there is a backup to prove."""
    try:
        status = read_status(machine, repository.name)
    except BadStatus as bad:
        return Due(False, f"a backup comes first; what was before is not known: {bad}")
    if not _has_backup(status):
        return Due(False, "there is no backup yet that could be proven")
    job = status.jobs.get(name)
    proof = Proof(name, _period_hours(repository, name), _retry_minutes(repository, job))
    return proof_due(
        now, _utc_offset_seconds(now), host_name(backup), repository, proof, _past(job)
    )


def host_name(backup: Backup) -> str:
    """Return the host's name in the snapshots."""
    return backup.tag or os.uname().nodename  # what gethostname(2) tells


def _has_backup(status: RepositoryStatus) -> bool:
    job = status.jobs.get("backup")
    return job is not None and job.success_time is not None


def _past(job: JobStatus | None) -> Past:
    return Past(job.success_time, job.started_time) if job else Past()


def _period_hours(repository: Repository, name: ProofName) -> float:
    return repository.check_period_hours if name == "check" else repository.drill_period_hours


def _retry_minutes(repository: Repository, job: JobStatus | None) -> float:
    """Return how long after a failure a proof is tried again: soon where nothing was proven."""
    ended = job.ended if job else None
    is_damaged = ended is not None and ended.details.get("outcome") == "failed"
    return _DAMAGED_RETRY_MINUTES if is_damaged else float(repository.retry_minutes)


def _utc_offset_seconds(now: float) -> float:
    return time.localtime(now).tm_gmtoff
