"""Who holds apt's and dpkg's locks, asked without taking one (fcntl(2), F_GETLK)."""

from __future__ import annotations

import fcntl
import os
import struct
import time

from deeprig_host.machine.commands import Machine
from deeprig_host.machine.processes import describe_process
from deeprig_host.machine.refusal import Refused

LOCKS = (
    "/var/lib/dpkg/lock-frontend",
    "/var/lib/dpkg/lock",
    "/var/lib/apt/lists/lock",
    "/var/cache/apt/archives/lock",
)
#: struct flock of 64-bit Linux: type, whence, start, length, pid.
_FLOCK = "hhqqi4x"
_POLL_SECONDS = 1.0


def apt_lock_holder(machine: Machine) -> str | None:
    """Return who holds one of the locks, such as ``apt-get (pid 12, root, since 3 min)``."""
    for lock in LOCKS:
        pid = _holder(machine, lock)
        if pid is not None:
            return describe_process(machine, pid)
    return None


def wait_for_locks(machine: Machine, seconds: float) -> None:
    """Wait until nobody holds one of the locks. Raise Refused, naming the holder, after that."""
    end = time.monotonic() + seconds
    holder = apt_lock_holder(machine)
    while holder is not None and time.monotonic() < end:
        time.sleep(min(_POLL_SECONDS, max(0.0, end - time.monotonic())))
        holder = apt_lock_holder(machine)
    if holder is not None:
        raise Refused(
            f"packages are being changed by somebody else: {holder}",
            evidence=(f"waited {seconds:g} s for {', '.join(LOCKS)}",),
            remedy="wait for its end and run again, or set lock_wait_seconds higher",
        )


def _holder(machine: Machine, lock: str) -> int | None:
    """Return the pid that holds a lock; 0 is a process of another pid namespace."""
    try:
        descriptor = os.open(machine.path(lock), os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        asked = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        told = struct.unpack(_FLOCK, fcntl.fcntl(descriptor, fcntl.F_GETLK, asked))
    finally:
        os.close(descriptor)
    return None if told[0] == fcntl.F_UNLCK else int(told[4])
