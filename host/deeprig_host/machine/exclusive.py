"""One change of a kind at a time on a machine: flock(2) on a file that names who has it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass

from deeprig_host.machine.commands import Machine
from deeprig_host.machine.processes import describe_process
from deeprig_host.machine.refusal import Refused

_POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock at ``path``; ``change`` is what its holder does, such as "a driver change".

    The kernel lets go of it when the holder dies, so it is never stale.
    """

    path: str
    change: str
    remedy: str
    evidence: tuple[str, ...] = ()
    #: Of the directory that the lock lies in, where it has to be made; less the umask.
    directory_mode: int = 0o777

    @contextlib.contextmanager
    def held(self, machine: Machine, wait_seconds: float = 0.0) -> Iterator[None]:
        """Hold the lock for the time of the block.

        Raise Refused (busy), naming the holder, when another still has it after the wait.
        """
        path = machine.path(self.path)
        path.parent.mkdir(mode=self.directory_mode, parents=True, exist_ok=True)
        with path.open("a+", encoding="utf-8") as file:
            if not _take(file.fileno(), wait_seconds):
                file.seek(0)
                raise self._running(machine, file.read().strip())
            file.truncate(0)
            file.write(f"{os.getpid()}\n")
            file.flush()
            yield

    def check_free(self, machine: Machine) -> None:
        """Raise Refused (busy), naming the holder, when a change is running now."""
        with self.held(machine):
            return

    def _running(self, machine: Machine, pid: str) -> Refused:
        who = describe_process(machine, int(pid)) if pid.isdigit() else "another process"
        return Refused(
            f"{self.change} is running on this host: {who}",
            evidence=self.evidence,
            remedy=self.remedy,
            outcome="busy",
        )


def _take(descriptor: int, wait_seconds: float) -> bool:
    """Take the lock, asking again until the wait is over; say whether we have it."""
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
