"""The command ``restore``: what is wanted, and what was kept, replaced or could not be placed."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from dataclasses import asdict
from typing import Any

from deeprig_host.backup.account import Account, account_of, check_owner
from deeprig_host.backup.config import read_configuration
from deeprig_host.backup.ending import ended_in_order
from deeprig_host.backup.options import add_common, runner
from deeprig_host.backup.reading import host_of, repository_of, snapshots_in
from deeprig_host.backup.restore import Restored, Source, Wish, plan, restore, survey
from deeprig_host.backup.rule import OVERWRITES
from deeprig_host.backup.snapshots import LATEST, choose
from deeprig_host.backup.survey import included
from deeprig_host.machine.commands import Machine

GOOD, FAILED = 0, 1
_SHOWN = 50
#: What is told by path; what was made or is the same is only counted.
_TOLD = ("conflict", "failed", "kept", "replaced")


def add_restore(commands: Any) -> None:
    """Add the command to those of the program."""
    added = commands.add_parser("restore", help=_restore.__doc__, description=_restore.__doc__)
    added.set_defaults(command=_restore)
    add_common(added)
    added.add_argument("--snapshot", default=LATEST, metavar="ID", help="default: the newest")
    added.add_argument("--include", action="append", default=[], metavar="PATH")
    added.add_argument("--user", metavar="NAME", help="the home of this user")
    added.add_argument("--all", action="store_true", help="everything that the snapshot is of")
    added.add_argument("--target", default="/", metavar="DIRECTORY", help="default: in place")
    added.add_argument("--overwrite", choices=OVERWRITES, default="newer")
    added.add_argument("--dry-run", action="store_true", help="only tell what would be done")


def _restore(machine: Machine, options: argparse.Namespace) -> int:
    """Bring files back; what is newer than the snapshot's is kept, unless told otherwise."""
    backup = read_configuration(machine, options.config)
    repository = repository_of(backup, options.repository)
    restic = runner(machine, backup, options)
    snapshot = choose(snapshots_in(restic, repository), options.snapshot, host_of(backup))
    source = Source(restic, repository, snapshot)
    account = account_of(machine, options.user) if options.user else None
    paths = (*options.include, *((account.home,) if account else ()))
    wish = Wish(
        included((*paths, *(snapshot.paths if options.all else ()))),
        options.target,
        options.overwrite,
    )
    if options.dry_run:
        done = plan(machine, source, wish)
    else:
        with ended_in_order():
            done = _carried_out(machine, source, wish, account)
    sys.stdout.write(_json(done) if options.json else _text(done, is_done=not options.dry_run))
    return GOOD if done.is_good else FAILED


def _carried_out(machine: Machine, source: Source, wish: Wish, account: Account | None) -> Restored:
    found = survey(source, wish)
    if account is not None and wish.target == "/":
        check_owner(account, found.nodes.get(account.home))
    return restore(machine, source, wish, found)


def _json(done: Restored) -> str:
    told = {
        "snapshot": done.snapshot.id,
        "is_good": done.is_good,
        "things": done.things,
        "size_bytes": done.size_bytes,
        "placed": [asdict(one) for one in done.placed],
    }
    return json.dumps(told) + "\n"


def _text(done: Restored, *, is_done: bool) -> str:
    counted = Counter(one.action for one in done.placed)
    summary = ", ".join(f"{number} {action}" for action, number in sorted(counted.items()))
    doing = "restored" if is_done else "a dry run"
    lines = [f"{doing}, of snapshot {done.snapshot.short_id}: {summary or 'nothing'}"]
    shown = [one for action in _TOLD for one in done.placed if one.action == action]
    lines.extend(f"  {one.action}: {one.path}: {one.reason}" for one in shown[:_SHOWN])
    if len(shown) > _SHOWN:
        lines.append(f"  and {len(shown) - _SHOWN} more: --json tells all")
    # A name need not be UTF-8; a terminal must be.
    text = "".join(f"{line}\n" for line in lines)
    return text.encode("utf-8", "backslashreplace").decode()
