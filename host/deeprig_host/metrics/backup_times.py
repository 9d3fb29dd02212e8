"""When backups were declared, when the schedule last showed itself, how old a run may be."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

from deeprig_host.backup.declared import Repository
from deeprig_host.backup.heartbeat import last_beat
from deeprig_host.backup.places import CONFIG_FILE, LOCK_FILE
from deeprig_host.backup.schedule import CLOCK_SLACK_SECONDS
from deeprig_host.backup.status import Job
from deeprig_host.backup.summary import longest_hours
from deeprig_host.machine.commands import Machine
from deeprig_host.machine.lock_table import is_locked

_HOUR_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Times:
    """Times in seconds since 1970; None is not known. ``problems`` is what is wrong with them."""

    now: float
    declared: float | None
    schedule: float | None
    problems: tuple[str, ...] = ()

    def past(self, when: float | None) -> float | None:
        """Return a time that lies in the past, None for another: its clock was wrong."""
        return when if when is not None and when <= self.now + CLOCK_SLACK_SECONDS else None


def maximum_age_seconds(repository: Repository, what: Job) -> float | None:
    """Return how old the last good run of a job may be, None for what is never to be done."""
    hours = longest_hours(what, repository)
    return hours * _HOUR_SECONDS if math.isfinite(hours) else None


def times(machine: Machine) -> Times:
    """Return what is known now. Raise OSError where the machine cannot be asked."""
    now = time.time()
    written = machine.path(CONFIG_FILE).stat().st_mtime
    declared = Times(now, None, None).past(written)
    problems = () if declared else (f"{CONFIG_FILE} was written in the future, by the clock",)
    return Times(now, declared, _schedule(machine, now, declared), problems)


def _schedule(machine: Machine, now: float, declared: float | None) -> float | None:
    """Return when the schedule last showed itself."""
    if is_locked(machine, LOCK_FILE):
        return now  # a timer starts no second run while the first one works
    asked = last_beat(machine)
    if asked is not None:
        return asked
    booted = _booted(machine)
    known = [when for when in (declared, booted) if when is not None]
    return max(known, default=None)


def _booted(machine: Machine) -> float | None:
    """Return when the machine booted: ``btime`` of proc_stat(5)."""
    for line in (machine.text("/proc/stat") or "").splitlines():
        word, _, value = line.partition(" ")
        if word == "btime" and value.strip().isdigit():
            return float(value)
    return None
