"""Processes that do not end: killed, and kept in mind while the kernel holds on to them."""

from __future__ import annotations

import os
import select
import signal
from contextlib import suppress


def has_ended(pid: int, seconds: float) -> bool:
    """Wait at most so long for a child to end, and take it from the table of processes."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True  # somebody else in this program has taken it: a library that waits for all
    try:
        readable, _, _ = select.select([descriptor], [], [], seconds)
    finally:
        os.close(descriptor)
    if readable:
        _take(pid)
    return bool(readable)


def kill(pid: int, seconds: float) -> bool:
    """Kill a child of ours; return whether it is gone within so many seconds."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return True
    return has_ended(pid, seconds)


def _take(pid: int) -> None:
    with suppress(ChildProcessError):  # taken by somebody else in the meantime
        os.waitpid(pid, 0)
