"""The command ``restore``: what is wanted, and what was kept, replaced or could not be placed."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from deeprig_host.backup.account import Account, account_of, check_owner
from deeprig_host.backup.config import read_configuration
from deeprig_host.backup.documents import print_document
from deeprig_host.backup.ending import ended_in_order
from deeprig_host.backup.named import repository_of
from deeprig_host.backup.options import add_common, add_long_work, progressing, runner
from deeprig_host.backup.progress import Progress
from deeprig_host.backup.reading import host_of, snapshots_in
from deeprig_host.backup.restore import Restored, Source, Wish, plan, restore, survey
from deeprig_host.backup.restored_show import restored_document, restored_text
from deeprig_host.backup.rule import OVERWRITES
from deeprig_host.backup.snapshots import LATEST, choose
from deeprig_host.backup.survey import included
from deeprig_host.backup.whole import check_whole
from deeprig_host.machine.commands import Machine
from deeprig_host.machine.refusal import Refused

GOOD, FAILED = 0, 1


def add(commands: Any) -> None:
    """Add the command to those of the program."""
    added = commands.add_parser("restore", help=_restore.__doc__, description=_restore.__doc__)
    added.set_defaults(command=_restore)
    add_common(added)
    add_long_work(added)
    added.add_argument("--snapshot", default=LATEST, metavar="ID", help="default: the newest")
    added.add_argument("--host", metavar="NAME", help="of which host; default: of this one")
    added.add_argument("--include", action="append", default=[], metavar="PATH")
    added.add_argument("--user", metavar="NAME", help="the home of this user")
    added.add_argument("--all", action="store_true", help="everything that the snapshot is of")
    added.add_argument("--target", default="/", metavar="DIRECTORY", help="default: in place")
    added.add_argument("--overwrite", choices=OVERWRITES, default="newer")
    added.add_argument("--dry-run", action="store_true", help="only tell what would be done")


def _restore(machine: Machine, options: argparse.Namespace) -> int:
    """Bring files back; what is newer than the snapshot's is kept, unless told otherwise."""
    backup = read_configuration(machine, options.config)
    repository = repository_of(backup, _one(options.repository))
    with progressing("restore", options) as progress, ended_in_order():
        restic = runner(machine, backup, options, progress)
        host = options.host or host_of(backup)
        known = snapshots_in(restic, repository)
        snapshot = choose(known, options.snapshot, host)
        if options.snapshot == LATEST:
            check_whole(snapshot, known)
        source = Source(restic, repository, snapshot)
        account = account_of(machine, options.user) if options.user else None
        paths = (*options.include, *((account.home,) if account else ()))
        paths = included((*paths, *(snapshot.paths if options.all else ())))
        wish = Wish(paths, options.target, options.overwrite)
        if options.dry_run:
            done = plan(machine, source, wish)
        else:
            done = _carried_out(machine, source, wish, account, progress)
    if options.json:
        body = restored_document(done, wish, repository, is_dry_run=options.dry_run)
        print_document("restore", body, is_ok=done.is_good)
    else:
        sys.stdout.write(restored_text(done, is_done=not options.dry_run))
    return GOOD if done.is_good else FAILED


def _carried_out(
    machine: Machine, source: Source, wish: Wish, account: Account | None, progress: Progress
) -> Restored:
    found = survey(source, wish)
    if account is not None and wish.target == "/":
        check_owner(account, found.nodes.get(account.home))
    progress.expect(found.size_bytes, found.things)
    return restore(machine, source, wish, found)


def _one(names: list[str]) -> str | None:
    """Return the repository that is named, None for the first. Raise Refused for several."""
    if len(names) > 1:
        raise Refused("several repositories are named", remedy="restore from one at a time")
    return names[0] if names else None
