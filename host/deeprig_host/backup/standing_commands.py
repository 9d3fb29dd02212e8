"""The commands that tell how backups stand: ``status`` by our files, ``newest`` by asking."""

from __future__ import annotations

import argparse
import sys
import time
from typing import Any

from deeprig_host.backup.config import read_configuration
from deeprig_host.backup.declared import Backup, Repository
from deeprig_host.backup.documents import print_document
from deeprig_host.backup.job import LOCK
from deeprig_host.backup.options import add_common, chosen, runner
from deeprig_host.backup.reading import host_of, snapshots_in
from deeprig_host.backup.restic import Restic
from deeprig_host.backup.schedule import CLOCK_SLACK_SECONDS
from deeprig_host.backup.show import status_lines
from deeprig_host.backup.standing import standing
from deeprig_host.backup.units import works
from deeprig_host.machine.commands import Machine
from deeprig_host.machine.processes import age_text
from deeprig_host.machine.refusal import Refused

GOOD, FAILED = 0, 1
_SECOND_NS = 1_000_000_000


def add(commands: Any) -> None:
    """Add the commands to those of the program."""
    for name, command in (("status", _status), ("newest", _newest)):
        added = commands.add_parser(name, help=command.__doc__, description=command.__doc__)
        added.set_defaults(command=command)
        add_common(added)
        if command is _status:
            added.add_argument("--ask", action="store_true", help="ask the repositories too")


def _status(machine: Machine, options: argparse.Namespace) -> int:
    """Tell what each job last did; 1 where one is not good."""
    backup = read_configuration(machine, options.config)
    now, repositories = time.time(), chosen(backup, options)
    if options.json:
        told = {one.name: standing(machine, backup, one, now) for one in repositories}
        if options.ask:
            _add_newest(told, machine, backup, options)
        is_good = all(one["ok"] for one in told.values())
        running = [one.described() for one in works(machine)]
        body = {"repositories": told, "busy": _holder(machine), "works": running}
        print_document("status", body, is_ok=is_good)
    else:
        lines, is_good = status_lines(machine, repositories, now)
        if options.ask:
            found = _newest_of(machine, backup, options)
            lines += tuple(f"{name} newest: {_line(one)}" for name, one in found.items())
            is_good = is_good and _all_known(found)
        sys.stdout.write("".join(f"{line}\n" for line in lines))
    return GOOD if is_good else FAILED


def _holder(machine: Machine) -> str | None:
    """Return what works with the repositories now; a job that "runs" without it was cut off."""
    try:
        LOCK.check_free(machine)
    except Refused as busy:
        return busy.reason
    return None


def _add_newest(
    told: dict[str, dict[str, Any]],
    machine: Machine,
    backup: Backup,
    options: argparse.Namespace,
) -> None:
    """Add what the repositories answer; one that names no snapshot is not well."""
    for name, newest in _newest_of(machine, backup, options).items():
        one = told[name]
        one["newest"] = newest
        if newest["time"] is None:
            reasons = filter(None, (one["reason"], f"newest snapshot: {newest['reason']}"))
            one |= {"ok": False, "reason": "; ".join(reasons)}


def _newest(machine: Machine, options: argparse.Namespace) -> int:
    """Ask each repository for its newest snapshot of this host; 1 where one names none."""
    backup = read_configuration(machine, options.config)
    found = _newest_of(machine, backup, options)
    is_good = _all_known(found)
    if options.json:
        print_document("newest", {"repositories": found}, is_ok=is_good)
    else:
        sys.stdout.write("".join(f"{name}: {_line(one)}\n" for name, one in found.items()))
    return GOOD if is_good else FAILED


def _newest_of(
    machine: Machine, backup: Backup, options: argparse.Namespace
) -> dict[str, dict[str, Any]]:
    restic = runner(machine, backup, options)
    return {one.name: _asked(restic, backup, one) for one in chosen(backup, options)}


def _all_known(found: dict[str, dict[str, Any]]) -> bool:
    return all(one["time"] is not None for one in found.values())


def _asked(restic: Restic, backup: Backup, repository: Repository) -> dict[str, Any]:
    """Return the newest snapshot; ``time`` is null where none is known, and ``reason`` says why."""
    unknown = {"time": None, "id": None, "is_complete": None}
    try:
        found = snapshots_in(restic, repository)
    except Refused as refused:
        parts = filter(None, (refused.reason, *refused.evidence, refused.remedy))
        return unknown | {"reason": "; ".join(parts)}
    horizon_ns = (time.time() + CLOCK_SLACK_SECONDS) * _SECOND_NS
    own = [one for one in found if one.host == host_of(backup)]
    # A clock was wrong, or somebody forged it: it would count as young for years.
    possible = [one for one in own if one.time_ns <= horizon_ns]
    if not possible:
        future = f"; {len(own)} claim to be from the future" if own else ""
        return unknown | {"reason": f"it holds no snapshot of {host_of(backup)}{future}"}
    newest = possible[-1]
    return {
        "time": newest.time_ns / _SECOND_NS,
        "id": newest.id,
        "is_complete": "incomplete" not in newest.tags,
        "reason": "",
    }


def _line(found: dict[str, Any]) -> str:
    if found["time"] is None:
        return f"unknown: {found['reason']}"
    age = age_text(max(0, int(time.time() - found["time"])))
    whole = "" if found["is_complete"] else ", incomplete"
    return f"snapshot {found['id'][:8]}, {age} old{whole}"
