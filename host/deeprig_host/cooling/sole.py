"""One cooling daemon on a machine, also while one that was killed cannot die.

The lock lies outside the unit's RuntimeDirectory: systemd removes that at each stop, and with it
the lock of a daemon that a person started.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from deeprig_host.cooling.places import LOCK_FILE
from deeprig_host.machine.commands import Machine
from deeprig_host.machine.exclusive import Lock

_LOCK = Lock(
    LOCK_FILE,
    "another cooling daemon",
    remedy="stop that one first: two would fight over the same fans",
    directory_mode=0o755,
)
#: Held for the moment of taking the other: of two that begin together, one sees what the other did.
_TURN = Lock(
    f"{LOCK_FILE}.turn",
    "the start of a cooling daemon",
    remedy="try again",
    directory_mode=0o755,
)
_TURN_SECONDS = 10.0


@contextmanager
def sole_daemon(machine: Machine) -> Iterator[None]:
    """Be the only cooling daemon for the time of the block. Raise Refused beside another."""
    with ExitStack() as held:
        with _TURN.held(machine, _TURN_SECONDS):
            _leave_the_killed_behind(machine)
            held.enter_context(_LOCK.held(machine))
        yield


def _leave_the_killed_behind(machine: Machine) -> None:
    """Let go of the lock of a process that hangs in the kernel with SIGKILL waiting for it.

    It has the lock until the driver lets it die, and does nothing any more, not even then.
    """
    pid = machine.text(LOCK_FILE) or ""
    if pid.isdigit() and _is_killed(machine.text(f"/proc/{pid}/status") or ""):
        machine.path(LOCK_FILE).unlink()


def _is_killed(status: str) -> bool:
    """Say whether SIGKILL is pending (proc_pid_status(5): SigPnd, ShdPnd, bit by bit from 1)."""
    masks = re.findall(r"^(?:SigPnd|ShdPnd):\s*([0-9a-f]+)$", status, re.MULTILINE)
    return any(int(mask, 16) >> (signal.SIGKILL - 1) & 1 for mask in masks)
