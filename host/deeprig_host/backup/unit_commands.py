"""The commands for long work: ``begin`` it as a unit, ``follow`` it, ``end`` it in order."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Any

from deeprig_host.backup.documents import print_document
from deeprig_host.backup.ending import ended_in_order
from deeprig_host.backup.following import follow
from deeprig_host.backup.starting import start, stop
from deeprig_host.backup.units import COMMANDS, Work, make_work, works
from deeprig_host.machine.commands import Machine
from deeprig_host.machine.refusal import Refused

GOOD = 0


def add(commands: Any) -> None:
    """Add the commands to those of the program."""
    for name, command in (
        ("begin", _begin),
        ("follow", _follow),
        ("end", _end),
        ("at-work", _at_work),
    ):
        added = commands.add_parser(name, help=command.__doc__, description=command.__doc__)
        added.set_defaults(command=command)
        if command is _begin:
            added.add_argument("words", nargs=argparse.REMAINDER, metavar="COMMAND [OPTION]...")
        else:
            added.add_argument("unit", nargs="?", help="default: what runs")
        added.add_argument("--json", action="store_true", help="one JSON value instead of text")


def _begin(machine: Machine, options: argparse.Namespace) -> int:
    """Have a command run as a unit of its own, and follow it to its end; or the same that runs.

    Whoever ends this follower, or loses it, does not end the work.
    """
    words = tuple(options.words)
    if not words or words[0] not in COMMANDS:
        raise Refused("nothing to begin is named", remedy=f"one of: {', '.join(COMMANDS)}")
    same = [one for one in works(machine) if one.words == words and one.is_running()]
    if same:
        return follow(same[-1])
    work = make_work(machine, words)
    start(machine, work)
    return follow(work)


def _follow(machine: Machine, options: argparse.Namespace) -> int:
    """Tell how far a work is until it ends, then its document; also of one that has ended."""
    return follow(_named(machine, options.unit))


def _end(machine: Machine, options: argparse.Namespace) -> int:
    """End a work in order: restic lets go of its repository, the scratch is freed."""
    running = tuple(one for one in works(machine) if one.is_running())
    if options.unit:
        running = tuple(one for one in running if one.name == options.unit)
    for work in running:
        stop(machine, work)
    names = [work.name for work in running]
    if options.json:
        print_document("end", {"ended": names}, is_ok=True)
    else:
        sys.stdout.write("".join(f"ended {name}\n" for name in names) or "nothing runs\n")
    return GOOD


def _at_work(machine: Machine, options: argparse.Namespace) -> int:
    """Be the process of a work. Called by ``begin``."""
    work = _named(machine, options.unit)
    with work.lived():
        _redirect(work)
        code = 1
        try:
            code = _run(machine, work)
        except SystemExit as leaving:
            code = leaving.code if isinstance(leaving.code, int) else 1
        finally:
            sys.stdout.flush()
            work.end_with(code)
    return code


def _run(machine: Machine, work: Work) -> int:
    # Here, not above: it has this module.
    from deeprig_host.backup.__main__ import main

    root = ("--root", str(machine.root))
    far = ("--json", "--progress-file", str(work.place / "far"))
    with ended_in_order():
        return main((*root, *work.words, *far))


def _redirect(work: Work) -> None:
    """Have standard output and errors of this process in the work's files."""
    for number, name in ((1, "document"), (2, "said")):
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        descriptor = os.open(work.place / name, flags, 0o600)
        os.dup2(descriptor, number)
        os.close(descriptor)


def _named(machine: Machine, name: str | None) -> Work:
    """Return the work of a name; without one what runs, else what ended last. Raise Refused."""
    found: Sequence[Work] = works(machine)
    if name is None:
        found = [one for one in found if one.is_running()] or found
    else:
        found = [one for one in found if one.name == name]
    if not found:
        what = f"there is no work {name}" if name else "nothing runs, and nothing ended lately"
        raise Refused(what, remedy="`status` tells what there is")
    return found[-1]
