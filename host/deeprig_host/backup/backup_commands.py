"""The commands that back up: ``run``, ``due`` and ``check-config``."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from typing import Any

from deeprig_host.backup.config import read_configuration
from deeprig_host.backup.documents import ended_document, print_document
from deeprig_host.backup.due_jobs import backup_due
from deeprig_host.backup.ending import ended_in_order
from deeprig_host.backup.job import Job, capturing
from deeprig_host.backup.options import add_common, add_long_work, chosen, progressing, runner
from deeprig_host.backup.show import due_lines, ended_lines
from deeprig_host.machine.commands import Machine
from deeprig_host.machine.refusal import Refused

GOOD, FAILED = 0, 1


def add(commands: Any) -> None:
    """Add the commands to those of the program."""
    for name, command in (("run", _run), ("due", _due), ("check-config", _check_config)):
        added = commands.add_parser(name, help=command.__doc__, description=command.__doc__)
        added.set_defaults(command=command)
        add_common(added, with_restic=command is _run)
        if command is _run:
            added.add_argument("--if-due", action="store_true", help="only what is due")
            added.add_argument("--wait", type=float, default=0.0, metavar="SECONDS")
            less = "what the backup holds now is right, though it is far less than before"
            added.add_argument("--accept-less", action="store_true", help=less)
            add_long_work(added)


def _run(machine: Machine, options: argparse.Namespace) -> int:
    """Back up to every repository, or to those named."""
    backup = read_configuration(machine, options.config)
    repositories = chosen(backup, options)
    if options.if_due:
        now = time.time()
        due = (one for one in repositories if backup_due(machine, backup, one, now).is_due)
        repositories = tuple(due)
    if not repositories:
        return _told(options, {}, ())
    with progressing("backup", options) as progress, ended_in_order():
        restic = runner(machine, backup, options, progress)
        accepts = options.accept_less
        job = Job(machine, backup, restic, capture=capturing(backup), accepts_less=accepts)
        try:
            ended = job.run(repositories, options.wait)
        except Refused as refused:
            if options.if_due and refused.outcome == "busy":
                return GOOD  # what runs now is no fault; the next question of cron finds it due
            raise
    is_good = all(one.outcome == "good" for one in ended.values())
    return _told(options, ended_document(ended), ended_lines(ended), is_ok=is_good)


def _due(machine: Machine, options: argparse.Namespace) -> int:
    """Tell which repositories are due for a backup now, and why."""
    backup = read_configuration(machine, options.config)
    now = time.time()
    found = {one.name: backup_due(machine, backup, one, now) for one in chosen(backup, options)}
    told = {name: {"is_due": one.is_due, "reason": one.reason} for name, one in found.items()}
    return _told(options, {"repositories": told}, due_lines(found))


def _check_config(machine: Machine, options: argparse.Namespace) -> int:
    """Tell every problem of the configuration."""
    backup = read_configuration(machine, options.config)
    names = [one.name for one in chosen(backup, options)]
    return _told(options, {"repositories": names}, ())


def _told(
    options: argparse.Namespace,
    document: dict[str, Any],
    lines: Sequence[str],
    *,
    is_ok: bool = True,
) -> int:
    if options.json:
        print_document(options.name, document or {"repositories": {}}, is_ok=is_ok)
    else:
        sys.stdout.write("".join(f"{line}\n" for line in lines))
    return GOOD if is_ok else FAILED
