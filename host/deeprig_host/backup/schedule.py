"""When a job is due: cron asks often, and what was missed is caught up at the next question."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from deeprig_host.backup.declared import Repository

_HOUR_SECONDS = 3600
_DAY_SECONDS = 86_400
#: A time that is further in the future than this was written by a clock that was wrong.
CLOCK_SLACK_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Past:
    """When it was last good and last begun, seconds since 1970; None for never."""

    success: float | None = None
    attempt: float | None = None

    @property
    def failed(self) -> float | None:
        """Return when the last one began, where it was not good."""
        is_good = self.success is not None and (self.attempt or 0.0) <= self.success
        return None if is_good else self.attempt

    def known(self, now: float) -> Past:
        """Return the times that can be true: what lies in the future counts as never."""
        return Past(_not_after(self.success, now), _not_after(self.attempt, now))


@dataclass(frozen=True, slots=True)
class Proof:
    """A check or a drill: how often it is declared, and how long after a failure it is due."""

    name: str
    period_hours: float
    retry_minutes: float


@dataclass(frozen=True, slots=True)
class Due:
    """Whether a job is due, and why or why not."""

    is_due: bool
    reason: str


def jitter_seconds(host: str, repository: Repository) -> int:
    """Return how much later than declared this host begins: always the same for a host's name."""
    window = min(repository.jitter_minutes * 60, int(repository.period_hours * _HOUR_SECONDS))
    return _lot(f"{host}\0{repository.name}", window)


def latest_slot(now: float, utc_offset_seconds: float, host: str, repository: Repository) -> float:
    """Return the last time, not after now, at which a backup was to begin (local time of day)."""
    period = repository.period_hours * _HOUR_SECONDS
    first = _first(utc_offset_seconds, host, repository)
    return now - (now - first) % period


def latest_proof_slot(
    now: float, utc_offset_seconds: float, host: str, repository: Repository, proof: Proof
) -> float:
    """Return the last time, not after now, at which a check or a drill was to begin.

    It is the time of day of the backup, on a day that is drawn by the host's name: in a lab, every
    host has another day.
    """
    period = proof.period_hours * _HOUR_SECONDS
    what = f"{host}\0{repository.name}\0{proof.name}"
    later = _lot(what, int(period // _DAY_SECONDS)) * _DAY_SECONDS
    return now - (now - _first(utc_offset_seconds, host, repository) - later) % period


def due(
    now: float, utc_offset_seconds: float, host: str, repository: Repository, past: Past
) -> Due:
    """Say whether a backup to the repository is due now."""
    slot = latest_slot(now, utc_offset_seconds, host, repository)
    return _due(now, slot, repository.retry_minutes, past.known(now))


def proof_due(
    now: float,
    utc_offset_seconds: float,
    host: str,
    repository: Repository,
    proof: Proof,
    past: Past,
) -> Due:
    """Say whether a check or a drill of the repository is due now; the first one is at once."""
    if not proof.period_hours:
        return Due(False, "declared: never")
    slot = latest_proof_slot(now, utc_offset_seconds, host, repository, proof)
    return _due(now, slot, proof.retry_minutes, past.known(now))


def _due(now: float, slot: float, retry_minutes: float, past: Past) -> Due:
    if past.success is not None and past.success >= slot:
        return Due(False, "there was a good one since the last time declared")
    attempt = past.attempt
    has_failed = attempt is not None and (past.success is None or attempt > past.success)
    if (
        has_failed
        and attempt is not None
        and attempt >= slot
        and now - attempt < retry_minutes * 60
    ):
        return Due(False, f"the last one failed; tried again after {retry_minutes:g} min")
    if past.success is None:
        return Due(True, "there was no good one yet")
    return Due(True, "there was no good one since the last time declared")


def _first(utc_offset_seconds: float, host: str, repository: Repository) -> float:
    """Return the first time since 1970 at which a backup was to begin."""
    return repository.at_minutes * 60 + jitter_seconds(host, repository) - utc_offset_seconds


def _lot(what: str, window: int) -> int:
    """Return a number below ``window``, always the same for a text; 0 where there is no window."""
    if not window:
        return 0
    return int.from_bytes(hashlib.sha256(what.encode()).digest()[:8], "big") % window


def _not_after(when: float | None, now: float) -> float | None:
    is_possible = when is not None and when <= now + CLOCK_SLACK_SECONDS
    return when if is_possible else None
