"""Processes that do not end: killed, and kept in mind while the kernel holds on to them."""

from __future__ import annotations

import os
import select
import signal


def has_ended(pid: int, seconds: float) -> bool:
    """Wait at most so long for a child to end, and take it from the table of processes."""
    descriptor = os.pidfd_open(pid)
    try:
        readable, _, _ = select.select([descriptor], [], [], seconds)
    finally:
        os.close(descriptor)
    if readable:
        os.waitpid(pid, 0)
    return bool(readable)


def kill(pid: int, seconds: float) -> bool:
    """Kill a child of ours; return whether it is gone within so many seconds."""
    os.kill(pid, signal.SIGKILL)
    return has_ended(pid, seconds)
