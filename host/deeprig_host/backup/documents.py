"""What a command answers with ``--json``: one document on standard output, refusals too."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Mapping
from typing import Any

from deeprig_host.backup.status import JobStatus
from deeprig_host.machine.ini import BadConfiguration
from deeprig_host.machine.refusal import Refused


def print_document(command: str, body: Mapping[str, Any], *, is_ok: bool) -> None:
    """Print the document of a command."""
    sys.stdout.write(json.dumps(_head(command, is_ok=is_ok) | dict(body), default=str) + "\n")


def print_refusal(command: str, error: Exception) -> None:
    """Print the document of a command that could not be carried out."""
    told = _head(command, is_ok=False) | {"refused": refusal_of(error)}
    sys.stdout.write(json.dumps(told) + "\n")


def refusal_of(error: Exception) -> dict[str, Any]:
    """Return what a program is told of an error."""
    if isinstance(error, Refused):
        return error.answer()
    if isinstance(error, BadConfiguration):
        return Refused(
            "the configuration of the backups cannot be used",
            evidence=tuple(f"{one.place}: {one.reason}" for one in error.problems),
            remedy="the role backup places it: run `deeprig apply --role backup`",
        ).answer()
    return Refused(
        f"the backup cannot go on: {error}",
        remedy="make room, or have /var and /run writable",
        outcome="failed",
    ).answer()


def job_document(job: JobStatus | None) -> dict[str, Any] | None:
    """Return the last run of a job; None where there was none.

    ``last`` is the run before, while one is running.
    """
    if job is None:
        return None
    return {
        "outcome": job.outcome,
        "started_time": job.started_time,
        "ended_time": job.ended_time,
        "success_time": job.success_time,
        "reasons": list(job.reasons),
        "remarks": list(job.remarks),
        "details": dict(job.details),
        "last": job_document(job.last),
    }


def ended_document(ended: Mapping[str, JobStatus]) -> dict[str, Any]:
    """Return how a job ended with each repository."""
    return {"repositories": {name: job_document(job) for name, job in ended.items()}}


def _head(command: str, *, is_ok: bool) -> dict[str, Any]:
    return {
        "schema": f"deeprig.backup-{command}/1",
        "host": os.uname().nodename,
        "time": time.time(),
        "ok": is_ok,
        "refused": None,
    }
