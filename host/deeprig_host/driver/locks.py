"""Who holds apt's and dpkg's locks, asked without taking one (fcntl(2), F_GETLK)."""

from __future__ import annotations

import fcntl
import os
import struct

from deeprig_host.driver.commands import Machine
from deeprig_host.driver.processes import describe_process

LOCKS = (
    "/var/lib/dpkg/lock-frontend",
    "/var/lib/dpkg/lock",
    "/var/lib/apt/lists/lock",
    "/var/cache/apt/archives/lock",
)
#: struct flock of 64-bit Linux: type, whence, start, length, pid.
_FLOCK = "hhqqi4x"


def apt_lock_holder(machine: Machine) -> str | None:
    """Return who holds one of the locks, such as ``apt-get (pid 12, root, since 3 min)``."""
    for lock in LOCKS:
        pid = _holder(machine, lock)
        if pid is not None:
            return describe_process(machine, pid)
    return None


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
