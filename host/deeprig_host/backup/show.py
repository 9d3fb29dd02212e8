"""Backups in words: how jobs ended, what is due, how far one is."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from deeprig_host.backup.declared import Repository
from deeprig_host.backup.schedule import Due
from deeprig_host.backup.status import BadStatus, JobStatus, read_status
from deeprig_host.backup.summary import is_good
from deeprig_host.machine.commands import Machine
from deeprig_host.machine.processes import age_text

_MIB = 1024 * 1024


def ended_lines(ended: Mapping[str, JobStatus]) -> tuple[str, ...]:
    """Return how backups ended, with every reason."""
    lines = []
    for name, job in ended.items():
        lines.append(f"{name}: {job.outcome}{_numbers(job.details)}")
        lines.extend(f"  {reason}" for reason in job.reasons)
        lines.extend(f"  note: {remark}" for remark in job.remarks)
    return tuple(lines)


def due_lines(found: Mapping[str, Due]) -> tuple[str, ...]:
    """Return which repositories are due."""
    return tuple(
        f"{name}: {'due' if one.is_due else 'not due'}: {one.reason}" for name, one in found.items()
    )


def status_lines(
    machine: Machine, repositories: tuple[Repository, ...], now: float
) -> tuple[tuple[str, ...], bool]:
    """Return what each job last did, and whether all of it is good."""
    lines: list[str] = []
    verdicts = []
    for repository in repositories:
        try:
            jobs = {"backup": None, **read_status(machine, repository.name).jobs}
        except BadStatus as bad:
            lines.append(f"{repository.name}: unknown: {bad}")
            verdicts.append(False)
            continue
        for name, job in jobs.items():
            lines.extend(_job_lines(f"{repository.name} {name}", job, now))
            verdicts.append(is_good(name, job, repository, now))
    return tuple(lines), all(verdicts)


def progress_line(message: dict[str, Any]) -> None:
    """Show how far restic is, on the terminal's one line."""
    if message.get("message_type") != "status":
        return
    share = float(message.get("percent_done") or 0.0)
    done, total = (int(message.get(key) or 0) // _MIB for key in ("bytes_done", "total_bytes"))
    sys.stderr.write(f"\r{share:4.0%}  {done} of {total} MiB \033[K")
    sys.stderr.flush()


def _job_lines(what: str, job: JobStatus | None, now: float) -> tuple[str, ...]:
    if job is None:
        return (f"{what}: never done",)
    success = job.success_time
    since = f"last good {age_text(max(0, int(now - success)))} ago" if success else "never good"
    began = age_text(max(0, int(now - job.started_time)))
    # The status cannot tell: `running` is also what a power cut leaves.
    outcome = f"running or cut off, begun {began} ago" if job.ended_time is None else job.outcome
    return (
        f"{what}: {outcome}, {since}{_numbers(job.details)}",
        *(f"  {reason}" for reason in job.reasons),
    )


def _numbers(details: Mapping[str, Any]) -> str:
    if "snapshot" not in details:
        return ""
    added = float(details.get("added_bytes") or 0) / _MIB
    files, seconds = details.get("files"), float(details.get("seconds") or 0)
    return f", snapshot {details['snapshot']}: {files} files, {added:.1f} MiB new, {seconds:.1f} s"
