"""The command that cron and timers run: ``work`` does what is due, one job after another."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any

from deeprig_host.backup.config import read_configuration
from deeprig_host.backup.declared import Backup, Repository
from deeprig_host.backup.due_jobs import PROOFS, ProofName, backup_due, proof_job_due
from deeprig_host.backup.ending import ended_in_order
from deeprig_host.backup.heartbeat import beat
from deeprig_host.backup.places import CONFIG_FILE
from deeprig_host.backup.status import JobStatus
from deeprig_host.machine.commands import Machine
from deeprig_host.machine.refusal import Refused

GOOD, FAILED = 0, 1

Run = Callable[[tuple[Repository, ...]], dict[str, JobStatus]]
#: An ``_SubParsersAction`` of argparse, whose type has no public name.
Commands = Any


def add(commands: Commands) -> None:
    """Add the command to those of the program; it is ``command(machine, options) -> code``."""
    added = commands.add_parser("work", help=_work.__doc__, description=_work.__doc__)
    added.set_defaults(command=_work)
    added.add_argument("--config", default=CONFIG_FILE, help=f"default: {CONFIG_FILE}")
    added.add_argument("--restic", default="restic", help="the program")


def _work(machine: Machine, options: argparse.Namespace) -> int:
    """Do all that is due: backups, then checks, then drills. Silent where nothing is."""
    beat(machine)  # first: that nothing can be done with the configuration is told by other signs
    backup = read_configuration(machine, options.config)
    with ended_in_order():
        is_good = _backups(machine, backup, options)
        for name in PROOFS:
            is_good &= _proofs(machine, backup, options, name)
    beat(machine)  # it may have worked for hours, and a timer asks anew only after this
    return GOOD if is_good else FAILED


def _backups(machine: Machine, backup: Backup, options: argparse.Namespace) -> bool:
    now = time.time()
    due = tuple(one for one in backup.repositories if backup_due(machine, backup, one, now).is_due)
    if not due:
        return True
    # Not above: of the hundred questions of a day all but one find nothing due.
    from deeprig_host.backup.job import Job, capturing
    from deeprig_host.backup.options import runner
    from deeprig_host.backup.show import ended_lines

    job = Job(machine, backup, runner(machine, backup, options), capture=capturing(backup))
    ended = _ended(due, job.run)
    _print(ended_lines(ended))
    return _all_good(ended)


def _proofs(machine: Machine, backup: Backup, options: argparse.Namespace, name: ProofName) -> bool:
    now = time.time()  # not of the beginning: a backup before may have taken hours
    due = tuple(
        one for one in backup.repositories if proof_job_due(machine, backup, one, name, now).is_due
    )
    if not due:
        return True
    from deeprig_host.backup.drill import Plan
    from deeprig_host.backup.listing import proof_lines
    from deeprig_host.backup.options import runner
    from deeprig_host.backup.proofs import Proofs

    proofs = Proofs(machine, backup, runner(machine, backup, options))
    plan = Plan(os.urandom(8).hex())
    run: Run = proofs.check if name == "check" else lambda chosen: proofs.drill(chosen, plan)
    ended = _ended(due, run)
    _print(f"{name} of {line}" if line[0] != " " else line for line in proof_lines(ended))
    return _all_good(ended)


def _ended(due: tuple[Repository, ...], run: Run) -> dict[str, JobStatus]:
    """Do a job with the repositories that are due, and return how it ended.

    Nothing ended where another job runs now: that is no fault, and the next question of cron finds
    this one due still.
    """
    try:
        return run(due)
    except Refused as refused:
        if refused.outcome != "busy":
            raise
        return {}


def _all_good(ended: dict[str, JobStatus]) -> bool:
    return all(one.outcome == "good" for one in ended.values())


def _print(lines: Iterable[str]) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
