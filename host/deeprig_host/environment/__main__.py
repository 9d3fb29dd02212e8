"""Observe or make deeprig's environment: ``python3 -m deeprig_host.environment``."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Any

from deeprig_host.environment.make import make
from deeprig_host.environment.observe import check, observe
from deeprig_host.environment.order import parse_order
from deeprig_host.environment.services import services_before
from deeprig_host.machine import program
from deeprig_host.machine.commands import Machine
from deeprig_host.machine.program import Program
from deeprig_host.machine.refusal import Refused


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; print one JSON object on standard output; return the exit code."""
    os.umask(0o022)
    options = _program().parse(arguments)
    try:
        answer = program.answer(program.machine_of(options), options)
    except OSError as error:  # a full disk, a read-only one
        answer = Refused(
            "deeprig's environment cannot be handled",
            evidence=(str(error),),
            remedy="make room, or have the file system writable; then try again",
            outcome="failed",
        ).answer()
    program.tell(answer)
    return program.exit_code(answer)


def _observe(machine: Machine, options: argparse.Namespace) -> Any:
    return observe(machine, parse_order(options.order))


def _make(machine: Machine, options: argparse.Namespace) -> Any:
    return make(machine, parse_order(options.order))


def _check(machine: Machine, _options: argparse.Namespace) -> Any:
    return check(machine)


def _before(machine: Machine, options: argparse.Namespace) -> Any:
    return {"outcome": "good", "before": list(services_before(machine, tuple(options.units)))}


def _program() -> Program:
    made = Program("environment", __doc__)
    for name, command, text in (
        ("observe", _observe, "tell whether the environment is as ordered; change nothing"),
        ("make", _make, "have the environment of an order in use"),
    ):
        made.add(name, command, text).add_argument("--order", required=True, help="JSON")
    made.add("check", _check, "tell whether the environment in use is whole")
    before = made.add("before", _before, "tell which services run from an earlier environment")
    before.add_argument("units", nargs="+", help="names of units")
    return made


if __name__ == "__main__":
    sys.exit(main())
