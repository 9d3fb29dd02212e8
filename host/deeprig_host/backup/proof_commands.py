"""The commands that prove and show: ``check``, ``drill`` and ``list``."""

from __future__ import annotations

import argparse
import secrets
import sys
from collections.abc import Mapping
from typing import Any

from deeprig_host.backup.config import read_configuration
from deeprig_host.backup.documents import ended_document, print_document, refusal_of
from deeprig_host.backup.drill import Plan
from deeprig_host.backup.ending import ended_in_order
from deeprig_host.backup.listing import proof_lines, rows, table
from deeprig_host.backup.options import add_common, add_long_work, chosen, progressing, runner
from deeprig_host.backup.places import STATE_DIRECTORY
from deeprig_host.backup.proofs import Proofs
from deeprig_host.backup.reading import snapshots_in
from deeprig_host.backup.sample import Limits
from deeprig_host.backup.snapshots import LATEST, Snapshot
from deeprig_host.backup.status import JobStatus
from deeprig_host.machine.commands import Machine
from deeprig_host.machine.refusal import Refused

GOOD, FAILED = 0, 1
_MIB = 1024 * 1024
#: An ``_SubParsersAction`` of argparse, whose type has no public name.
Commands = Any


def add(commands: Commands) -> None:
    """Add the commands to those of the program; each is ``command(machine, options) -> code``."""
    for name, command in (("check", _check), ("drill", _drill), ("list", _list)):
        added = commands.add_parser(name, help=command.__doc__, description=command.__doc__)
        added.set_defaults(command=command)
        add_common(added)
        if command is not _list:
            added.add_argument("--wait", type=float, default=0.0, metavar="SECONDS")
            add_long_work(added)
        if command is _drill:
            _add_drill(added)


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
    with progressing("check", options) as progress, ended_in_order():
        proofs = Proofs(machine, backup, runner(machine, backup, options, progress))
        ended = proofs.check(chosen(backup, options), options.wait)
    return _told("check", ended, options)


def _drill(machine: Machine, options: argparse.Namespace) -> int:
    """Restore the canary and a random sample, and compare them with what they must be."""
    backup = read_configuration(machine, options.config)
    seed = options.seed or secrets.token_hex(8)
    limits = Limits(options.files, options.mib * _MIB)
    plan = Plan(seed, options.snapshot, limits, options.scratch)
    with progressing("drill", options) as progress, ended_in_order():
        proofs = Proofs(machine, backup, runner(machine, backup, options, progress))
        ended = proofs.drill(chosen(backup, options), plan, options.wait)
    return _told("drill", ended, options)


def _list(machine: Machine, options: argparse.Namespace) -> int:
    """Show the snapshots of each repository, of every host."""
    backup = read_configuration(machine, options.config)
    restic = runner(machine, backup, options)
    found: dict[str, tuple[Snapshot, ...] | Refused] = {}
    for repository in chosen(backup, options):
        try:
            found[repository.name] = snapshots_in(restic, repository)
        except Refused as refused:
            found[repository.name] = refused
    is_ok = not any(isinstance(one, Refused) for one in found.values())
    if options.json:
        told = {name: _listed(one) for name, one in found.items()}
        print_document("list", {"repositories": told}, is_ok=is_ok)
    else:
        sys.stdout.write(_tables(found))
    return GOOD if is_ok else FAILED


def _listed(found: tuple[Snapshot, ...] | Refused) -> dict[str, Any]:
    if isinstance(found, Refused):
        return {"refused": refusal_of(found), "snapshots": []}
    return {"refused": None, "snapshots": rows(found)}


def _tables(found: Mapping[str, tuple[Snapshot, ...] | Refused]) -> str:
    parts = []
    for name, one in found.items():
        if isinstance(one, Refused):
            why = filter(None, (one.reason, *one.evidence, one.remedy))
            parts.append(f"{name}: unknown: {'; '.join(why)}\n")
        else:
            parts.append((f"{name}:\n" if len(found) > 1 else "") + table(one))
    return "".join(parts)


def _told(command: str, ended: dict[str, JobStatus], options: argparse.Namespace) -> int:
    is_ok = all(one.outcome == "good" for one in ended.values())
    if options.json:
        print_document(command, ended_document(ended), is_ok=is_ok)
    else:
        sys.stdout.write("".join(f"{line}\n" for line in proof_lines(ended)))
    return GOOD if is_ok else FAILED
