"""What is mounted where, by /proc/self/mountinfo (proc_pid_mountinfo(5))."""

from __future__ import annotations

import re
from pathlib import Path

_MOUNTINFO = Path("/proc/self/mountinfo")


def mounts(text: str | None = None) -> tuple[tuple[Path, str], ...]:
    """Return every mount point and its file system, in the order of mounting."""
    if text is None:
        text = _MOUNTINFO.read_text(encoding="utf-8", errors="surrogateescape")
    found = []
    for line in text.splitlines():
        fields = line.split(" ")
        found.append((Path(_unescaped(fields[4])), fields[fields.index("-") + 1]))
    return tuple(found)


def is_mounted(path: Path, text: str | None = None) -> bool:
    """Say whether something is mounted on this very path (a bind mount too)."""
    return any(point == path for point, _ in mounts(text))


def filesystem_of(path: Path, text: str | None = None) -> str:
    """Return the type of the file system a path lies on; the path need not exist."""
    above = [(len(point.parts), kind) for point, kind in mounts(text) if path.is_relative_to(point)]
    deepest = max(length for length, _ in above)
    # Of several on one path, the last one covers the others.
    return [kind for length, kind in above if length == deepest][-1]


def _unescaped(text: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text)
