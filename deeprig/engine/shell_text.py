"""The shell programs of the engine, which go over to a host with the command that runs them."""

from __future__ import annotations

from pathlib import Path

#: What all of them begin with.
_COMMON = "processes.sh"


def shell_text(name: str) -> str:
    """Return the whole text of a program beside this module."""
    here = Path(__file__).parent
    return "".join((here / part).read_text(encoding="utf-8") for part in (_COMMON, name))
