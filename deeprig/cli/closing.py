"""The end of a command that made a report: show it, then keep it, and exit with its code.

Shown first: a full disk must not lose the table of what was done to the hosts.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from deeprig.errors import DeeprigError, ExitCode

if TYPE_CHECKING:
    from deeprig.report.store import Report

#: One thing to be done with a finished report; raises DeeprigError when it cannot be done.
Step = Callable[[], None]


def show_report(report: Report, *, as_json: bool, verbose: bool = False) -> None:
    """Print the report to standard output: its public JSON, or tables."""
    if as_json:
        show_document(report.to_json())
        return
    from deeprig.cli.terminal import output_console
    from deeprig.report import terminal

    with output_that_may_be_full():
        terminal.render(report, output_console(), verbose=verbose)


def show_document(document: dict[str, Any]) -> None:
    """Print a report's public JSON to standard output."""
    import json

    with output_that_may_be_full():
        click.echo(json.dumps(document, indent=2))


def store_report(report: Report, lab_directory: Path, *, told: str | None) -> None:
    """Store the report in the lab directory and say where; ``told`` is how to show it again."""
    from deeprig.report import store

    path = store.save(report, lab_directory)
    if told is not None:
        from deeprig.cli.terminal import shown_path

        click.echo(f"Report: {shown_path(path)} ({told})", err=True)


def close_and_exit(code: ExitCode, *steps: Step) -> NoReturn:
    """Take every step, whatever happens to the others, and exit with the report's code.

    A step that fails is told in one message and makes the exit code 1; an interrupted run stays
    130.
    """
    failures: list[DeeprigError] = []
    for step in steps:
        try:
            step()
        except DeeprigError as error:
            failures.append(error)
    for failure in failures:
        failure.show()
    is_worse = failures and code is not ExitCode.INTERRUPTED
    raise click.exceptions.Exit(ExitCode.FAILED if is_worse else code)


@contextmanager
def output_that_may_be_full() -> Iterator[None]:
    """Turn a failure to write to standard output into a DeeprigError.

    A closed pipe is none: whoever reads it (``| head``) has seen enough.
    """
    try:
        yield
    except OSError as error:
        from deeprig.cli.terminal import write_to_nowhere

        # What is left in the buffer would fail again when Python ends, with a message and 120.
        write_to_nowhere(sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            return
        raise DeeprigError(
            f"the report cannot be printed: {error.strerror}",
            place="standard output",
            remedy="make room; 'deeprig report' shows the stored report again",
        ) from error
