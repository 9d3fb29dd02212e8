"""What went wrong, in one line; the traceback goes to standard error."""

from __future__ import annotations

import traceback


def one_line(problem: BaseException) -> str:
    """Return the error's kind and text."""
    traceback.print_exception(problem)
    return " ".join(f"{type(problem).__name__}: {problem}".split())
