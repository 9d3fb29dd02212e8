"""One network change at a time on a machine: flock(2) on a file that names who has it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator

from deeprig_host.machine.commands import Machine
from deeprig_host.machine.processes import describe_process
from deeprig_host.machine.refusal import Refused
from deeprig_host.network.names import DIRECTORY

_LOCK = f"{DIRECTORY}/lock"
_POLL_SECONDS = 0.1


@contextlib.contextmanager
def exclusive(machine: Machine, wait_seconds: float = 0.0) -> Iterator[None]:
    """Hold the machine's network for the time of the block.

    The kernel lets go of it when the holder dies, so it is never stale. Raise Refused, naming the
    holder, when another still has it after the wait.
    """
    path = machine.path(_LOCK)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as file:
        if not _take(file.fileno(), wait_seconds):
            file.seek(0)
            raise _running(machine, file.read().strip())
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield


def _take(descriptor: int, wait_seconds: float) -> bool:
    end = time.monotonic() + wait_seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= end:
                return False
            time.sleep(_POLL_SECONDS)
        else:
            return True


def _running(machine: Machine, pid: str) -> Refused:
    who = describe_process(machine, int(pid)) if pid.isdigit() else "another process"
    return Refused(
        f"a network change is running on this host: {who}",
        remedy="wait for its end; `status` tells how far it is",
        outcome="busy",
    )
