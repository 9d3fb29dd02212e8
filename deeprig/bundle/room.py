"""Refuse before the disk is full, not when."""

from __future__ import annotations

import shutil
from pathlib import Path

from deeprig.errors import DeeprigError

#: What is left to others.
_SPARE_BYTES = 256 << 20


def check_room(directory: Path, needed_bytes: int) -> None:
    """Raise DeeprigError where a directory's file system has no room for so much more."""
    free = shutil.disk_usage(directory).free
    if free < needed_bytes + _SPARE_BYTES:
        raise DeeprigError(
            f"{shown_size(needed_bytes)} are needed there (and {shown_size(_SPARE_BYTES)} to "
            f"spare), {shown_size(free)} are free",
            place=str(directory),
            remedy="make room, or write elsewhere (-o, TMPDIR)",
        )


def shown_size(size_bytes: int) -> str:
    """Return a size as a person reads it."""
    size = float(size_bytes)
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
