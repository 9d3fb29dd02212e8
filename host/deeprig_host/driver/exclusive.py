"""One driver change at a time on a machine: flock(2) on a file that names who has it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator

from deeprig_host.driver.journal import DIRECTORY
from deeprig_host.machine.commands import Machine
from deeprig_host.machine.processes import describe_process
from deeprig_host.machine.refusal import Refused

_LOCK = f"{DIRECTORY}/lock"


@contextlib.contextmanager
def exclusive(machine: Machine, wait_seconds: float = 0.0) -> Iterator[None]:
    """Hold the machine's driver for the time of the block.

    Raise Refused, naming it, when another still has it after the wait.
    """
    path = machine.path(_LOCK)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as file:
        if not _take(file.fileno(), wait_seconds):
            file.seek(0)
            raise _running(machine, file.read().strip())
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield


def _take(descriptor: int, wait_seconds: float) -> bool:
    """Take the lock, asking each second until the wait is over; say whether we have it."""
    end = time.monotonic() + wait_seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= end:
                return False
            time.sleep(min(1.0, wait_seconds))
        else:
            return True


def _running(machine: Machine, pid: str) -> Refused:
    who = describe_process(machine, int(pid)) if pid.isdigit() else "another process"
    return Refused(
        f"a driver change is running on this host: {who}",
        evidence=(f"log: {DIRECTORY}/log/",),
        remedy="wait for its end; it goes on without its connection",
        outcome="busy",
    )


def check_free(machine: Machine) -> None:
    """Raise Refused, naming it, when a change is running now."""
    with exclusive(machine):
        return
