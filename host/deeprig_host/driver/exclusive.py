"""One driver change at a time on a machine: flock(2) on a file that names who has it."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator

from deeprig_host.driver.commands import Machine
from deeprig_host.driver.journal import DIRECTORY
from deeprig_host.driver.processes import describe_process
from deeprig_host.driver.refusal import Refused

_LOCK = f"{DIRECTORY}/lock"


@contextlib.contextmanager
def exclusive(machine: Machine) -> Iterator[None]:
    """Hold the machine's driver for the time of the block. Raise Refused when another has it."""
    path = machine.path(_LOCK)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            raise _running(machine, file.read().strip()) from error
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield


def _running(machine: Machine, pid: str) -> Refused:
    who = describe_process(machine, int(pid)) if pid.isdigit() else "another process"
    return Refused(
        f"a driver change is running on this host: {who}",
        evidence=(f"log: {DIRECTORY}/log/",),
        remedy="wait for its end; it goes on without its connection",
        outcome="busy",
    )
