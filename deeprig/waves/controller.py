"""Who leads a rollout, and whether that process is still alive: asked of the kernel, not of a file.

A process number alone may be another's by now: its start time (proc(5), field 22) tells it apart,
and the boot's identifier one boot from the next.
"""

from __future__ import annotations

import os
import socket
from datetime import datetime, timezone
from pathlib import Path

from deeprig.waves.model import Controller

_BOOT = Path("/proc/sys/kernel/random/boot_id")
#: Fields of /proc/PID/stat behind the name, counted from 0: state is 0, starttime 19.
_STATE, _START = 0, 19
_ENDED_STATES = ("Z", "X")


def this_process() -> Controller:
    """Return the controller that this process is."""
    stat = _stat(os.getpid())
    if stat is None:
        raise RuntimeError("/proc does not know this process")
    return Controller(
        machine=socket.gethostname(),
        boot=_boot(),
        pid=os.getpid(),
        start=stat[_START],
        since=datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
    )


def is_alive(controller: Controller) -> bool | None:
    """Say whether it lives. None: it is another machine's process, of which nothing is known."""
    if controller.boot != _boot():
        return False if controller.machine == socket.gethostname() else None
    stat = _stat(controller.pid)
    return stat is not None and stat[_START] == controller.start


def _stat(pid: int) -> list[str] | None:
    """Return what /proc says behind a process's name; None for one that has ended."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = text.rpartition(")")[2].split()
    return None if fields[_STATE] in _ENDED_STATES else fields


def _boot() -> str:
    return _BOOT.read_text(encoding="ascii").strip()
