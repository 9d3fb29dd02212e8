"""The files of this role that go to a host as they are (``script/monitoring_files.py``)."""

from __future__ import annotations

from pathlib import Path

_FILES = Path(__file__).parent / "files"


def own_file(name: str) -> str:
    """Return a file's text."""
    return (_FILES / name).read_text(encoding="utf-8")


def own_file_source(name: str) -> str:
    """Return where a file is, for an operation that uploads it."""
    return str(_FILES / name)
