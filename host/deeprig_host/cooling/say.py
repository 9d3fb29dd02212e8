"""What the daemon says to the journal: one line, with its priority before it (sd-daemon(3))."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Literal

Level = Literal["error", "warning", "notice", "info"]
#: Says one line; it is given to whatever has something to say.
Say = Callable[[Level, str], None]

_PRIORITIES: dict[Level, int] = {"error": 3, "warning": 4, "notice": 5, "info": 6}


def say_to_journal(level: Level, text: str) -> None:
    """Write a line for systemd to file under its priority."""
    sys.stderr.write(f"<{_PRIORITIES[level]}>{text}\n")
    sys.stderr.flush()


def say_to_person(level: Level, text: str) -> None:
    """Write a line for a terminal."""
    sys.stderr.write(f"{level}: {text}\n")
