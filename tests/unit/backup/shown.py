"""A report as a person sees it: on a terminal of some width, or in a log."""

import io
import re

from rich.console import Console

from deeprig.backup.answer import BackupReport, HostAnswer
from deeprig.backup.show import show

_STYLES = re.compile(r"\x1b\[[0-9;]*m")


def report(command: str, *hosts: HostAnswer, was_interrupted: bool = False) -> BackupReport:
    times = ("2026-01-01T00:00:00Z", "2026-01-01T00:00:09Z", 9.0)
    return BackupReport(command, *times, "0.1", "inventory/lab.py", hosts, was_interrupted)


def shown(made: BackupReport, *, width: int = 0, verbose: bool = False) -> str:
    """Return the text; with a ``width`` that of a terminal."""
    stream = io.StringIO()
    is_terminal = width > 0
    console = Console(
        file=stream,
        width=width or 10_000,
        force_terminal=is_terminal,
        no_color=True,
        highlight=False,
        soft_wrap=not is_terminal,
        legacy_windows=False,
    )
    show(made, console, verbose=verbose)
    return _STYLES.sub("", stream.getvalue())
