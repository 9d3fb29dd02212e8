"""Progress of ``lab up`` and ``lab down``: a line for each thing done, and how long it takes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from deeprig.cli.terminal import progress_console

Note = Callable[[str], None]


@contextmanager
def noting() -> Iterator[Note]:
    """Yield what takes notes; on a terminal the last one spins with its seconds."""
    console = progress_console()
    if console.is_terminal and not console.is_dumb_terminal:
        with _spinning(console) as note:
            yield note
    else:
        yield _lines(console)


def _lines(console: Console) -> Note:
    started = time.monotonic()

    def note(text: str) -> None:
        console.print(Text(f"{time.monotonic() - started:6.1f} s  {text}"))

    return note


@contextmanager
def _spinning(console: Console) -> Iterator[Note]:
    lines = _lines(console)
    columns = (SpinnerColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("at work (Ctrl-C stops)", total=None)

        def note(text: str) -> None:
            lines(text)
            progress.reset(task, description=f"since: {text}")

        yield note
