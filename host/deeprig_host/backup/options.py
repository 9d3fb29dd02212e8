"""The options that several commands have in common, and what they mean."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

from deeprig_host.backup.declared import Backup, Repository
from deeprig_host.backup.named import repository_of
from deeprig_host.backup.places import CONFIG_FILE
from deeprig_host.backup.progress import STYLES, Progress, Style
from deeprig_host.backup.restic import Restic
from deeprig_host.backup.telling import replacing, to_errors, while_heard
from deeprig_host.machine.commands import Machine


def add_common(parser: argparse.ArgumentParser, *, with_restic: bool = True) -> None:
    """Add the options that every command has."""
    parser.add_argument("--config", default=CONFIG_FILE, help=f"default: {CONFIG_FILE}")
    parser.add_argument(
        "--repository", action="append", default=[], metavar="NAME", help="default: all"
    )
    parser.add_argument("--json", action="store_true", help="one JSON value instead of text")
    if with_restic:
        parser.add_argument("--restic", default="restic", help="the program")


def add_long_work(parser: argparse.ArgumentParser) -> None:
    """Add the options of what may take long."""
    parser.add_argument(
        "--progress", choices=STYLES, help="on standard error; default: a line on a terminal"
    )
    parser.add_argument("--progress-file", metavar="FILE", help="have the newest there, as JSON")


def chosen(backup: Backup, options: argparse.Namespace) -> tuple[Repository, ...]:
    """Return the repositories that are named, or all. Raise Refused where one is none."""
    wanted = {repository_of(backup, name).name for name in options.repository}
    return tuple(one for one in backup.repositories if not wanted or one.name in wanted)


@contextlib.contextmanager
def progressing(what: str, options: argparse.Namespace) -> Iterator[Progress]:
    """Tell how far a work is for the time of the block, in the way that is asked for."""
    if options.progress_file:
        # Whoever reads the file does so at leisure: it always has the newest.
        progress = Progress(what, "json", while_heard(replacing(Path(options.progress_file))), 0.0)
    else:
        style: Style = options.progress or ("line" if sys.stderr.isatty() else "none")
        progress = Progress(what, style, while_heard(to_errors))
    try:
        yield progress
    finally:
        progress.close()


def runner(
    machine: Machine,
    backup: Backup,
    options: argparse.Namespace,
    progress: Progress | None = None,
) -> Restic:
    """Return restic as it is declared, watched by ``progress``."""
    return Restic(machine, backup.nice, backup.io_class, options.restic, progress)
