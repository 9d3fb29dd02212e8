"""Note in a repository's status that a job begins, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from deeprig_host.backup.shrinking import numbers_before
from deeprig_host.backup.status import (
    BadStatus,
    Job,
    JobStatus,
    RepositoryStatus,
    read_status,
    write_status,
)
from deeprig_host.machine.commands import Machine

_REASON_CHARACTERS = 500
_MOST_REASONS = 20


def begin(machine: Machine, repository: str, job: Job, now: float) -> RepositoryStatus:
    """Note that a job begins, so that one that is cut off leaves a trace. Raise BadStatus."""
    status = read_status(machine, repository)
    before = status.jobs.get(job)
    success = before.success_time if before else None
    ended = before.ended if before else None
    running = JobStatus("running", now, success_time=success, last=ended)
    status = replace(status, jobs={**status.jobs, job: running})
    write_status(machine, repository, status)
    return status


def begin_anew(
    machine: Machine, repository: str, job: Job, now: float
) -> tuple[RepositoryStatus, tuple[str, ...]]:
    """Note that a job begins, where the status is spoilt in a new one; return remarks too.

    Nothing is known then: the repository counts as used, and is never made anew.
    """
    try:
        return begin(machine, repository, job, now), ()
    except BadStatus as bad:
        write_status(machine, repository, RepositoryStatus(is_used=True))
        return begin(machine, repository, job, now), (f"{bad}; written anew",)


def finish(
    machine: Machine,
    repository: str,
    job: Job,
    now: float,
    *,
    reasons: tuple[str, ...] = (),
    remarks: tuple[str, ...] = (),
    details: Mapping[str, Any] | None = None,
    is_used: bool = False,
    is_made: bool = False,
    filled: tuple[str, ...] | None = None,
) -> JobStatus:
    """Note how a job that began has ended: good where there is no reason against it.

    ``is_used``: the repository answered. ``is_made``: there is a whole snapshot, though something
    after it failed: what the repository holds is as old as this run. ``filled``: the sources that
    hold something, None for what was known before. What ``details`` themselves tell of the backup
    before is taken. Raise BadStatus.
    """
    status = read_status(machine, repository)
    began = status.jobs.get(job) or JobStatus("running", now)
    ended = replace(
        began,
        outcome="failed" if reasons else "good",
        ended_time=now,
        success_time=began.success_time if reasons and not is_made else began.started_time,
        reasons=_short(reasons),
        remarks=_short(remarks),
        details=(numbers_before(began.last) if job == "backup" else {}) | dict(details or {}),
        last=None,
    )
    status = RepositoryStatus(
        {**status.jobs, job: ended},
        status.is_used or is_used,
        status.filled if filled is None else filled,
    )
    write_status(machine, repository, status)
    return ended


def _short(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(text[:_REASON_CHARACTERS] for text in texts[:_MOST_REASONS])
