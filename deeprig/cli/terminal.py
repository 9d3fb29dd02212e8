"""Consoles: colour and width only where somebody looks, plain text everywhere else."""

from __future__ import annotations

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
    """A console that goes on when nobody reads it any more (``| head``), where rich would exit.

    Hosts may be in the middle of a change, and the report is still to be stored.
    """

    def on_broken_pipe(self) -> None:
        """Write to nowhere from here on."""
        write_to_nowhere(self.file.fileno())


def write_to_nowhere(descriptor: int) -> None:
    """Let an open file descriptor swallow whatever is still written to it."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)


def shown_path(path: Path) -> Path:
    """Return a path as a person in this directory would type it."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
