"""Whether a lock is held, without touching it: the kernel's table of locks (proc_locks(5))."""

from __future__ import annotations

import os

from deeprig_host.machine.commands import Machine


def is_locked(machine: Machine, path: str) -> bool:
    """Say whether somebody holds flock(2) on a file. Raise OSError where the file cannot be asked.

    Trying the lock would say so too, and in that moment refuse it to who comes for it.
    """
    try:
        told = machine.path(path).stat()
    except FileNotFoundError:
        return False
    device = f"{os.major(told.st_dev):02x}:{os.minor(told.st_dev):02x}:{told.st_ino}"
    for line in (machine.text("/proc/locks") or "").splitlines():
        fields = line.split()  # 1: FLOCK ADVISORY WRITE PID MAJOR:MINOR:INODE START END
        if len(fields) == 8 and fields[1] == "FLOCK" and fields[5] == device:
            return True
    return False
