"""The history for the curve's picture: a bounded CSV that a full disk never makes us wait for."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

HEADER = "time,uuid,temperature_c,memory_c,fan_percent,fan_rpm,power_w,load_percent\n"
#: At this size the file becomes the earlier one, and a new one begins.
ROTATE_BYTES = 5_000_000


def rows_of(unix_seconds: float, gpus: Iterable[dict[str, Any]]) -> str:
    """Return a line for each GPU of a status that has a name; what is not known is empty."""
    return "".join(_row(unix_seconds, gpu) for gpu in gpus if gpu["uuid"])


def append_history(path: Path, earlier: Path, rows: str, rotate_bytes: int = ROTATE_BYTES) -> None:
    """Append rows. Raise OSError; then the file is as it was."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size + len(rows) > rotate_bytes:
        path.replace(earlier)
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        size = os.fstat(descriptor).st_size
        _append(descriptor, size, (rows if size else HEADER + rows).encode())
    finally:
        os.close(descriptor)


def _append(descriptor: int, size: int, content: bytes) -> None:
    """Write all of it, or take back what a full disk took of it (write(2): it may be a part)."""
    try:
        if os.write(descriptor, content) == len(content):
            return
    except OSError:
        os.ftruncate(descriptor, size)
        raise
    os.ftruncate(descriptor, size)
    raise OSError("a part of the line could be written only: the disk is full")


def _row(unix_seconds: float, gpu: dict[str, Any]) -> str:
    fan = gpu["fans"][0] if gpu["fans"] else {"percent": None, "rpm": None}
    values = (
        int(unix_seconds),
        gpu["uuid"],
        gpu["temperature_c"],
        gpu["memory_c"],
        fan["percent"],
        fan["rpm"],
        gpu["power_w"],
        gpu["load_percent"],
    )
    return ",".join("" if value is None else _text(value) for value in values) + "\n"


def _text(value: Any) -> str:
    return f"{value:.1f}" if isinstance(value, float) else str(value)
