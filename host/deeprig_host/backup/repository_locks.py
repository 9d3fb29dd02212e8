"""Locks in a repository: whose they are, and which were left by a process that died here.

restic's own ``unlock`` removes a lock whose process is gone from the host of its name, and every
lock that was not renewed for 30 minutes, whoever has it (restic, design document, "Locks").
"""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass
from datetime import datetime, timezone

from deeprig_host.backup.declared import Repository
from deeprig_host.backup.restic import Restic
from deeprig_host.machine.commands import Machine
from deeprig_host.machine.processes import age_seconds, describe_process

_CALL_SECONDS = 120.0
#: restic's; a lock of another host that is older goes with ``unlock``, so then we leave it.
_RESTIC_STALE_SECONDS = 30 * 60
#: How far a lock's time and a process's start, in whole seconds, may lie apart.
_CLOCK_SLACK_SECONDS = 5
_ID = re.compile(r"[0-9a-f]{64}")
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(Z|[+-]\d\d:\d\d)")


@dataclass(frozen=True, slots=True)
class Held:
    """A lock: by which process of which host, and when it was made or renewed."""

    host: str
    pid: int
    user: str
    time: float

    def __str__(self) -> str:
        when = datetime.fromtimestamp(self.time, timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")
        return f"process {self.pid} of {self.user} on {self.host}, {when}"


def read_locks(restic: Restic, repository: Repository) -> tuple[Held, ...] | None:
    """Return the locks of a repository, None where they cannot be known."""
    listed = restic.run(("list", "locks", "--no-lock"), repository, seconds=_CALL_SECONDS)
    if not listed.is_good:
        return None
    found = []
    for name in (line.strip() for line in listed.lines):
        if not _ID.fullmatch(name):
            continue
        shown = restic.run(("cat", "lock", name, "--no-lock"), repository, seconds=_CALL_SECONDS)
        try:
            found.append(_held(shown.document()))
        except (ValueError, KeyError, TypeError):
            return None  # released while we looked, or not readable
    return tuple(found)


def is_dead(machine: Machine, lock: Held) -> bool:
    """Say whether a lock's process died on this host: no such pid, or a younger process has it."""
    if lock.host != socket.gethostname():
        return False
    if not machine.path(f"/proc/{lock.pid}").is_dir():
        return True
    return lock.time + _CLOCK_SLACK_SECONDS < _started(machine, lock.pid)


def can_unlock(machine: Machine, locks: tuple[Held, ...], now: float) -> bool:
    """Say whether ``restic unlock`` would remove a dead lock, and only dead ones of this host."""
    others = [lock for lock in locks if not is_dead(machine, lock)]
    if any(now - lock.time > _RESTIC_STALE_SECONDS - 60 for lock in others):
        return False
    return len(others) < len(locks)


def describe(machine: Machine, locks: tuple[Held, ...] | None) -> str:
    """Return who has a repository, for people."""
    if not locks:
        return "nobody can be named"
    here = socket.gethostname()
    told = (
        f"{lock}: {describe_process(machine, lock.pid)}" if lock.host == here else str(lock)
        for lock in locks
    )
    return "; ".join(told)


def _held(told: dict[str, object]) -> Held:
    found = _TIME.match(str(told["time"]))
    if not found:
        raise ValueError(f"time {told['time']!r}")
    time = datetime.fromisoformat(found[1] + found[2].replace("Z", "+00:00"))
    pid = int(str(told["pid"]))
    return Held(str(told["hostname"]), pid, str(told.get("username", "?")), time.timestamp())


def _started(machine: Machine, pid: int) -> float:
    return datetime.now(timezone.utc).timestamp() - age_seconds(machine, pid)
