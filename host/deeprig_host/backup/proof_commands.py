"""The commands that prove and bring back: ``check``, ``drill``, ``list`` and ``restore``."""

from __future__ import annotations

import argparse
import json
import secrets
import sys
import time
from typing import Any

from deeprig_host.backup.config import read_configuration
from deeprig_host.backup.declared import Backup, Repository
from deeprig_host.backup.drill import Plan
from deeprig_host.backup.ending import ended_in_order
from deeprig_host.backup.listing import proof_lines, rows, table
from deeprig_host.backup.options import add_common, runner
from deeprig_host.backup.places import STATE_DIRECTORY
from deeprig_host.backup.proofs import Proofs
from deeprig_host.backup.reading import repository_of, snapshots_in
from deeprig_host.backup.restore_command import add_restore
from deeprig_host.backup.sample import Limits
from deeprig_host.backup.snapshots import LATEST
from deeprig_host.backup.status import JobStatus
from deeprig_host.machine.commands import Machine

GOOD, FAILED = 0, 1
_MIB = 1024 * 1024
#: An ``_SubParsersAction`` of argparse, whose type has no public name.
Commands = Any


def add_proofs(commands: Commands) -> None:
    """Add the commands to those of the program; each is ``command(machine, options) -> code``."""
    for name, command in (("check", _check), ("drill", _drill), ("list", _list)):
        added = commands.add_parser(name, help=command.__doc__, description=command.__doc__)
        added.set_defaults(command=command)
        add_common(added)
        if command is not _list:
            added.add_argument("--wait", type=float, default=0.0, metavar="SECONDS")
        if command is _drill:
            _add_drill(added)
    add_restore(commands)


def _add_drill(parser: argparse.ArgumentParser) -> None:
    limits = Limits()
    parser.add_argument("--snapshot", default=LATEST, metavar="ID")
    parser.add_argument("--seed", help="draw the same files again (default: others each time)")
    parser.add_argument("--files", type=int, default=limits.files, metavar="NUMBER")
    parser.add_argument("--mib", type=int, default=limits.size_bytes // _MIB, metavar="NUMBER")
    parser.add_argument("--scratch", default=STATE_DIRECTORY, metavar="DIRECTORY")


def _check(machine: Machine, options: argparse.Namespace) -> int:
    """Check each repository and read the next part of its data."""
    backup = read_configuration(machine, options.config)
    proofs = Proofs(machine, backup, runner(machine, backup, options))
    return _told(proofs.check(_chosen(backup, options), options.wait), options)


def _drill(machine: Machine, options: argparse.Namespace) -> int:
    """Restore the canary and a random sample, and compare them with what they must be."""
    backup = read_configuration(machine, options.config)
    seed = options.seed or secrets.token_hex(8)
    limits = Limits(options.files, options.mib * _MIB)
    plan = Plan(seed, options.snapshot, limits, options.scratch)
    proofs = Proofs(machine, backup, runner(machine, backup, options))
    with ended_in_order():
        ended = proofs.drill(_chosen(backup, options), plan, options.wait)
    return _told(ended, options)


def _list(machine: Machine, options: argparse.Namespace) -> int:
    """Show the snapshots of a repository, of every host."""
    backup = read_configuration(machine, options.config)
    repository = repository_of(backup, options.repository)
    found = snapshots_in(runner(machine, backup, options), repository)
    told = {"repository": repository.name, "time": time.time(), "snapshots": rows(found)}
    sys.stdout.write(json.dumps(told) + "\n" if options.json else table(found))
    return GOOD


def _chosen(backup: Backup, options: argparse.Namespace) -> tuple[Repository, ...]:
    if options.repository is None:
        return backup.repositories
    return (repository_of(backup, options.repository),)


def _told(ended: dict[str, JobStatus], options: argparse.Namespace) -> int:
    if options.json:
        told = {name: {"outcome": one.outcome, **one.details} for name, one in ended.items()}
        sys.stdout.write(json.dumps(told, default=str) + "\n")
    else:
        sys.stdout.write("".join(f"{line}\n" for line in proof_lines(ended)))
    return GOOD if all(one.outcome == "good" for one in ended.values()) else FAILED
