"""Consoles: colour and width only where somebody looks, plain text everywhere else."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from typing import TextIO

from rich.console import Console

#: Width of lines that no terminal limits, so that evidence is never cut or wrapped in a log.
_WIDE = 10_000


def output_console() -> Console:
    """Return a console on standard output, for results."""
    return _console(sys.stdout)


def progress_console() -> Console:
    """Return a console on standard error, for what happens meanwhile."""
    return _console(sys.stderr)


def _console(stream: TextIO) -> Console:
    is_terminal = stream.isatty()
    return _PipedConsole(
        file=stream,
        highlight=False,
        soft_wrap=not is_terminal,
        width=None if is_terminal else _WIDE,
    )


class _PipedConsole(Console):
    """A console that raises BrokenPipeError, as any stream does, where rich would exit with 1."""

    def on_broken_pipe(self) -> None:
        """Let the command end its work: the report is still to be stored."""
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))


def shown_path(path: Path) -> Path:
    """Return a path as a person in this directory would type it."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
