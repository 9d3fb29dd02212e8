"""The commands ``rebuild`` and ``compare``: a dead machine brought back, and whether it is back."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import Any

from deeprig_host.backup.compare import compare, is_rebuilt
from deeprig_host.backup.config import read_configuration
from deeprig_host.backup.declared import Backup
from deeprig_host.backup.documents import print_document
from deeprig_host.backup.ending import ended_in_order
from deeprig_host.backup.job import LOCK
from deeprig_host.backup.named import repository_of
from deeprig_host.backup.options import add_common, add_long_work, progressing, runner
from deeprig_host.backup.progress import Progress
from deeprig_host.backup.rebuild import Rebuild, state_now
from deeprig_host.backup.rebuild_accounts import OWNERS_BY, plan_accounts
from deeprig_host.backup.rebuild_plan import Order, renumbered
from deeprig_host.backup.rebuild_show import (
    findings_document,
    foreseen_document,
    foreseen_text,
    rebuilt_document,
    rebuilt_text,
)
from deeprig_host.backup.rebuild_source import earlier
from deeprig_host.backup.rule import OVERWRITES
from deeprig_host.backup.snapshots import LATEST
from deeprig_host.backup.state_show import comparison_lines
from deeprig_host.machine.commands import Machine
from deeprig_host.machine.refusal import Refused

GOOD, FAILED = 0, 1


def add(commands: Any) -> None:
    """Add the commands to those of the program."""
    added = _added(commands, "rebuild", _rebuild)
    added.add_argument("--overwrite", choices=OVERWRITES, default="newer")
    added.add_argument("--etc", action="append", default=[], metavar="PATH", help=_ETC)
    added.add_argument("--packages", action="store_true", help="install those that are missing")
    added.add_argument("--dry-run", action="store_true", help="only tell what would be done")
    _added(commands, "compare", _compare)


_ETC = "put this of /etc in its place; the rest lies aside"
_OWNERS = "where a number is another's here: refuse (numbers), or hand files over by name"


def _added(
    commands: Any, name: str, command: Callable[[Machine, argparse.Namespace], int]
) -> argparse.ArgumentParser:
    added: argparse.ArgumentParser = commands.add_parser(
        name, help=command.__doc__, description=command.__doc__
    )
    added.set_defaults(command=command)
    add_common(added)
    add_long_work(added)
    added.add_argument("--from", dest="host", required=True, metavar="HOST", help="the dead one")
    added.add_argument("--snapshot", default=LATEST, metavar="ID", help="default: its newest")
    added.add_argument("--owners", choices=OWNERS_BY, default="numbers", help=_OWNERS)
    return added


def _rebuild(machine: Machine, options: argparse.Namespace) -> int:
    """Bring a dead machine back on this new one, after `deeprig apply`."""
    backup = read_configuration(machine, options.config)
    with progressing("rebuild", options) as progress, ended_in_order(), LOCK.held(machine):
        work = _work(machine, backup, options, progress)
        foreseen = work.foresee()
        if options.dry_run:
            restored = work.restored_if(foreseen)
        else:
            done = work.carry_out(foreseen)
    if options.dry_run:
        is_good = restored is None or restored.is_good
        document, text = foreseen_document(foreseen, restored), foreseen_text(foreseen, restored)
    else:
        is_good = done.is_good
        document, text = rebuilt_document(foreseen, done), rebuilt_text(foreseen, done)
    return _told(options, document, text, is_good=is_good)


def _compare(machine: Machine, options: argparse.Namespace) -> int:
    """Tell, area by area, whether this machine is what a dead one was; nothing is restored."""
    backup = read_configuration(machine, options.config)
    with progressing("compare", options) as progress, ended_in_order(), LOCK.held(machine):
        work = _work(machine, backup, options, progress)
        found = earlier(machine, work.restic, work.repository, options.host, options.snapshot)
        here = state_now(machine, backup)
    before = found.state
    if options.owners == "names":
        before = renumbered(before, plan_accounts(before, here, "names").owners)
    findings = compare(before, here)
    document = {"snapshot": found.source.snapshot.id, **findings_document(findings)}
    text = "".join(f"{line}\n" for line in comparison_lines(findings))
    return _told(options, document, text, is_good=is_rebuilt(findings))


def _work(
    machine: Machine, backup: Backup, options: argparse.Namespace, progress: Progress
) -> Rebuild:
    if len(options.repository) > 1:
        raise Refused("several repositories are named", remedy="rebuild from one of them")
    repository = repository_of(backup, next(iter(options.repository), None))
    is_rebuild = options.name == "rebuild"
    order = Order(
        options.host,
        options.snapshot,
        options.overwrite if is_rebuild else "newer",
        options.owners,
        tuple(options.etc) if is_rebuild else (),
        with_packages=is_rebuild and options.packages,
    )
    restic = runner(machine, backup, options, progress)
    return Rebuild(machine, backup, restic, repository, order, progress.step, progress.expect)


def _told(
    options: argparse.Namespace, document: dict[str, Any], text: str, *, is_good: bool
) -> int:
    if options.json:
        print_document(options.name, document, is_ok=is_good)
    else:
        sys.stdout.write(text)
    return GOOD if is_good else FAILED
