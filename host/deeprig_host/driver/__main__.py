"""Look at, change, prove or put back the NVIDIA driver: ``python3 -m deeprig_host.driver``."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Sequence
from typing import Any

from deeprig_host.driver import detached, dispose, exclusive, gate, order, prove, transaction
from deeprig_host.driver.holders import holders
from deeprig_host.driver.names import CANDIDATES, PACKAGES
from deeprig_host.driver.observe import observe
from deeprig_host.machine import program
from deeprig_host.machine.commands import Machine
from deeprig_host.machine.program import Program
from deeprig_host.machine.refusal import Refused


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; print one JSON value on standard output; return the exit code."""
    options = _program().parse(arguments)
    machine = program.machine_of(options)
    is_worker = getattr(options, "worker", False)
    if is_worker:
        detached.refuse_to_stop()
    answer = _answer(machine, options)
    if is_worker:
        _finish(machine, answer)
    else:
        program.tell(answer)
    return program.exit_code(answer)


def _answer(machine: Machine, options: argparse.Namespace) -> Any:
    try:
        return program.answer(machine, options)
    except OSError as error:  # a full disk, a read-only one: the journal says how far it came
        return Refused(
            "the driver program cannot go on",
            evidence=(str(error),),
            remedy="make room, or have the file system writable; then run `deeprig apply` again: "
            "it repairs what was left half done",
            outcome="failed",
        ).answer()


def _finish(machine: Machine, answer: Any) -> None:
    try:
        detached.finish(machine, answer)
    except OSError as error:  # whoever follows says that there is no answer, and shows the log
        sys.stderr.write(f"the answer cannot be left: {error}\n{json.dumps(answer)}\n")


def _observe(machine: Machine, options: argparse.Namespace) -> Any:
    return observe(machine, options.packages, options.candidates)


def _holders(machine: Machine, _options: argparse.Namespace) -> Any:
    return holders(machine)


def _change(machine: Machine, options: argparse.Namespace) -> Any:
    if options.worker:
        with exclusive.exclusive(machine):
            return transaction.change(machine, order.parse_order(detached.read_work(machine)))
    document = sys.stdin.read()
    order.parse_order(document)
    return _detach(machine, "change", document)


def _restore(machine: Machine, options: argparse.Namespace) -> Any:
    if options.worker:
        with exclusive.exclusive(machine):
            return dispose.restore(machine, json.loads(detached.read_work(machine))["reason"])
    return _detach(machine, "restore", json.dumps({"reason": options.reason}))


def _detach(machine: Machine, command: str, document: str) -> Any:
    exclusive.check_free(machine)
    return detached.run_detached(machine, command, document)


def _confirm(machine: Machine, _options: argparse.Namespace) -> Any:
    with exclusive.exclusive(machine):
        return dispose.confirm(machine)


def _prove(machine: Machine, options: argparse.Namespace) -> Any:
    return prove.prove(machine, options.expect, dict(options.environment))


def _gate(machine: Machine, options: argparse.Namespace) -> Any:
    return gate.gate(machine, only_check=options.check)


def _expression(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no regular expression: {error}") from error
    return text


def _environment(text: str) -> tuple[str, str]:
    name, equals, path = text.partition("=")
    if not (name and equals and path):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=PATH")
    return name, path


def _program() -> Program:
    found = Program("driver", __doc__)
    add = found.add
    look = add("observe", _observe, "tell everything a decision needs; changes nothing")
    look.add_argument("--packages", type=_expression, default=PACKAGES, metavar="REGEX")
    look.add_argument("--candidates", type=_expression, default=CANDIDATES, metavar="REGEX")
    add("holders", _holders, "list who uses a GPU")
    changing = add("change", _change, "carry out the order on standard input")
    restoring = add("restore", _restore, "put back the recorded driver")
    restoring.add_argument("--reason", default="", help="why, for the journal")
    for command in (changing, restoring):
        command.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    add("confirm", _confirm, "close the change: its proof is accepted")
    proof = add("prove", _prove, "show that the installed driver works")
    proof.add_argument("--expect", default=None, metavar="VERSION")
    proof.add_argument(
        "--environment", type=_environment, action="append", default=[], metavar="NAME=PATH"
    )
    gating = add("gate", _gate, "keep kernels without a driver from booting")
    gating.add_argument("--check", action="store_true", help="only tell; change nothing")
    return found


if __name__ == "__main__":
    sys.exit(main())
