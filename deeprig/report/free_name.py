"""Write a file that is there whole or not at all, under a name that nobody has."""

from __future__ import annotations

import os
import tempfile
from itertools import count
from pathlib import Path


def write_under_free_name(text: str, directory: Path, stem: str) -> Path:
    """Write the whole file aside, give it the first free name in one step, and return its path.

    Only the owner may read it. Raise OSError; then nothing of it is left behind.
    """
    # mkstemp makes the file 0600 from the start.
    handle, name = tempfile.mkstemp(dir=directory, prefix=".", suffix=".part")
    part = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        path = _claim(directory, stem)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return path


def _claim(directory: Path, stem: str) -> Path:
    """Create an empty file under a name that nobody has: two runs can end in the same second."""
    for number in count(1):
        path = directory / (f"{stem}.json" if number == 1 else f"{stem}-{number}.json")
        try:
            path.touch(mode=0o600, exist_ok=False)
        except FileExistsError:
            continue
        return path
    raise AssertionError("count() has no end")
