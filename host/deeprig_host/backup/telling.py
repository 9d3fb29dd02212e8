"""Where progress is told; a work goes on where it cannot be told any more."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

Write = Callable[[str], None]


def while_heard(write: Write) -> Write:
    """Return what tells with ``write`` until that fails: then that is said once, and no more told.

    A closed terminal, a lost connection or a full disk of /run ends no backup.
    """
    is_over = False

    def tell(text: str) -> None:
        nonlocal is_over
        if is_over:
            return
        try:
            write(text)
        except BrokenPipeError:
            is_over = True  # there is nobody whom it could be said
        except OSError as error:
            is_over = True
            sys.stderr.write(f"how far it is cannot be told any more: {error}\n")

    return tell


def to_errors(text: str) -> None:
    """Write to standard error at once."""
    sys.stderr.write(text)
    sys.stderr.flush()


def replacing(path: Path) -> Write:
    """Return what has a file hold the newest alone: whoever reads it has a whole line."""

    def write(text: str) -> None:
        draft = path.with_name(f"{path.name}.new")
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)

    return write
