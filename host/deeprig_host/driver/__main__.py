"""Look at, change, prove or put back the NVIDIA driver: ``python3 -m deeprig_host.driver``."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from deeprig_host.driver.commands import Machine
from deeprig_host.driver.holders import holders
from deeprig_host.driver.names import CANDIDATES, PACKAGES
from deeprig_host.driver.observe import observe
from deeprig_host.driver.refusal import Refused

GOOD, FAILED, BAD_USAGE = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; print one JSON value on standard output; return the exit code."""
    options = _parser().parse_args(arguments)
    machine = Machine(Path(options.root))
    try:
        answer = options.command(machine, options)
    except Refused as refusal:
        answer = refusal.answer()
    sys.stdout.write(json.dumps(answer) + "\n")
    is_bad = isinstance(answer, dict) and answer.get("outcome", "good") != "good"
    return FAILED if is_bad else GOOD


def _observe(machine: Machine, options: argparse.Namespace) -> Any:
    return observe(machine, options.packages, options.candidates)


def _holders(machine: Machine, _options: argparse.Namespace) -> Any:
    return holders(machine)


def _expression(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no regular expression: {error}") from error
    return text


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="deeprig_host driver", description=__doc__)
    parser.add_argument("--root", default="/", help="root directory (for tests of readers)")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    look = commands.add_parser("observe", help="tell everything a decision needs")
    look.add_argument("--packages", type=_expression, default=PACKAGES, metavar="REGEX")
    look.add_argument("--candidates", type=_expression, default=CANDIDATES, metavar="REGEX")
    look.set_defaults(command=_observe)
    commands.add_parser("holders", help="list who uses a GPU").set_defaults(command=_holders)
    return parser


if __name__ == "__main__":
    sys.exit(main())
