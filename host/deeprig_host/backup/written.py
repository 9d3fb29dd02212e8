"""How much restic has written so far, by the kernel's own count (proc(5), io, wchar).

restic 0.14 tells nothing while it restores, and makes its files full size at once.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

_EVERY_SECONDS = 1.0
#: Deeper than timeout(1) and what it starts.
_DEEPEST = 4


class Written(threading.Thread):
    """Tells once a second how many bytes the programs below this one have written."""

    def __init__(self, tell: Callable[[int], None], proc: Path = Path("/proc")) -> None:
        """Begin with nothing told."""
        super().__init__(name="written", daemon=True)
        self._tell = tell
        self._proc = proc
        self._is_over = threading.Event()

    def run(self) -> None:
        """Tell until told to stop."""
        while not self._is_over.wait(_EVERY_SECONDS):
            found = written_bytes(self._proc, os.getpid())
            if found is not None:
                self._tell(found)

    def stop(self) -> None:
        """Stop, and return when it has."""
        self._is_over.set()
        self.join()


def written_bytes(proc: Path, pid: int, depth: int = 0) -> int | None:
    """Return what all processes below ``pid`` have written, None where nothing can be known."""
    counts = []
    for child in _children(proc, pid):
        counts.append(_count(proc / str(child) / "io"))
        if depth < _DEEPEST:
            counts.append(written_bytes(proc, child, depth + 1))
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


def _children(proc: Path, pid: int) -> tuple[int, ...]:
    """Return the children that threads of a process have; one that has just ended has none."""
    found: list[int] = []
    for file in (proc / str(pid) / "task").glob("*/children"):
        found.extend(int(word) for word in _text(file).split() if word.isdigit())
    return tuple(found)


def _count(file: Path) -> int | None:
    for line in _text(file).splitlines():
        name, _, value = line.partition(":")
        if name == "wchar" and value.strip().isdigit():
            return int(value)
    return None


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""  # it has ended meanwhile, or the kernel does not count: then nothing is told
