"""When a backup is due: cron asks often, and what was missed is caught up at the next question."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from deeprig_host.backup.declared import Repository

_HOUR_SECONDS = 3600
#: A success that is further in the future than this was written by a clock that was wrong.
_CLOCK_SLACK_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Past:
    """When it was last good and last begun, seconds since 1970; None for never."""

    success: float | None = None
    attempt: float | None = None


@dataclass(frozen=True, slots=True)
class Due:
    """Whether a backup is due, and why or why not."""

    is_due: bool
    reason: str


def jitter_seconds(host: str, repository: Repository) -> int:
    """Return how much later than declared this host begins: always the same for a host's name."""
    window = min(repository.jitter_minutes * 60, int(repository.period_hours * _HOUR_SECONDS))
    if not window:
        return 0
    digest = hashlib.sha256(f"{host}\0{repository.name}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % window


def latest_slot(now: float, utc_offset_seconds: float, host: str, repository: Repository) -> float:
    """Return the last time, not after now, at which a backup was to begin (local time of day)."""
    period = repository.period_hours * _HOUR_SECONDS
    first = repository.at_minutes * 60 + jitter_seconds(host, repository) - utc_offset_seconds
    return now - (now - first) % period


def due(
    now: float, utc_offset_seconds: float, host: str, repository: Repository, past: Past
) -> Due:
    """Say whether a backup to the repository is due now."""
    horizon = now + _CLOCK_SLACK_SECONDS
    success = past.success if past.success is not None and past.success <= horizon else None
    attempt = past.attempt if past.attempt is not None and past.attempt <= horizon else None
    slot = latest_slot(now, utc_offset_seconds, host, repository)
    if success is not None and success >= slot:
        return Due(False, "there was a good one since the last time declared")
    retry = repository.retry_minutes * 60
    has_failed = attempt is not None and (success is None or attempt > success)
    if has_failed and attempt is not None and attempt >= slot and now - attempt < retry:
        return Due(False, f"the last one failed; tried again after {repository.retry_minutes} min")
    if success is None:
        return Due(True, "there was no good one yet")
    return Due(True, "there was no good one since the last time declared")
