"""Look at, change, confirm or put back the network: ``python3 -m deeprig_host.network``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from deeprig_host.machine import program
from deeprig_host.machine.commands import Machine
from deeprig_host.machine.program import Program
from deeprig_host.machine.refusal import Refused
from deeprig_host.network import applying, observe
from deeprig_host.network.confirm import confirm
from deeprig_host.network.exclusive import exclusive
from deeprig_host.network.order import parse_order
from deeprig_host.network.rollback import roll_back
from deeprig_host.network.stage import stage

#: The worker starts while the one who ordered it still has the lock.
_WORKER_WAIT_SECONDS = 10.0
#: The way back waits for an apply that still runs; that one ends with the time to confirm.
_ROLLBACK_WAIT_SECONDS = 300.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; print one JSON object on standard output; return the exit code."""
    options = _program().parse(arguments)
    try:
        answer = program.answer(program.machine_of(options), options)
    except OSError as error:  # a full disk, a read-only one: the guard that is armed stays
        answer = Refused(
            "the network program cannot go on",
            evidence=(str(error),),
            remedy="make room, or have the file system writable; then try again",
            outcome="failed",
        ).answer()
    program.tell(answer)
    return program.exit_code(answer)


def _observe(machine: Machine, _options: argparse.Namespace) -> Any:
    return observe.observe(machine)


def _status(machine: Machine, _options: argparse.Namespace) -> Any:
    return observe.status(machine)


def _stage(machine: Machine, _options: argparse.Namespace) -> Any:
    order = parse_order(sys.stdin.read())
    with exclusive(machine):
        return stage(machine, order)


def _apply(machine: Machine, options: argparse.Namespace) -> Any:
    if not options.worker:
        with exclusive(machine):
            return applying.begin(machine)
    with exclusive(machine, _WORKER_WAIT_SECONDS):
        return applying.apply(machine)


def _confirm(machine: Machine, options: argparse.Namespace) -> Any:
    with exclusive(machine):
        return confirm(machine, options.id)


def _rollback(machine: Machine, options: argparse.Namespace) -> Any:
    with exclusive(machine, _ROLLBACK_WAIT_SECONDS):
        return roll_back(machine, options.reason, is_boot=options.boot)


def _program() -> Program:
    found = Program("network", __doc__)
    add = found.add
    add("observe", _observe, "tell everything a decision needs; changes nothing")
    add("status", _status, "tell the open change and the last one")
    add("stage", _stage, "write the order on standard input, with the way back armed")
    applied = add("apply", _apply, "apply what is staged, without this connection")
    applied.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    confirming = add("confirm", _confirm, "accept an applied change")
    confirming.add_argument("id", help="the id that stage answered")
    back = add("rollback", _rollback, "put the old configuration back")
    back.add_argument("--reason", default="asked for", help="why, for the journal")
    back.add_argument("--boot", action="store_true", help="before the network starts: only files")
    return found


if __name__ == "__main__":
    sys.exit(main())
