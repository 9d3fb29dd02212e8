"""The shape of a program on the host: a command with options, one JSON value, an exit code."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import deeprig_host
from deeprig_host.machine.commands import Machine
from deeprig_host.machine.refusal import Refused

#: argparse exits with 2 on bad usage.
GOOD, FAILED = 0, 1

#: Carries out a command on a machine and returns the answer. Raises Refused.
Command = Callable[[Machine, argparse.Namespace], Any]


class Program:
    """The commands of a program, ``deeprig_host PART COMMAND``."""

    def __init__(self, part: str, description: str | None) -> None:
        """Begin with no command."""
        self._parser = argparse.ArgumentParser(prog=f"deeprig_host {part}", description=description)
        self._parser.add_argument("--root", default="/", help="root directory (for tests)")
        self._commands = self._parser.add_subparsers(required=True, metavar="COMMAND")

    def add(self, name: str, command: Command, text: str) -> argparse.ArgumentParser:
        """Add a command; return its parser, for its options."""
        parser: argparse.ArgumentParser = self._commands.add_parser(
            name, help=text, description=text
        )
        parser.set_defaults(command=command)
        return parser

    def parse(self, arguments: Sequence[str] | None) -> argparse.Namespace:
        """Return the options. Exit with 2, telling the usage, on bad ones."""
        return self._parser.parse_args(arguments)


def source() -> Path:
    """Return what python3 runs us from: the archive, or the directory of the sources."""
    return Path(deeprig_host.__path__[0]).parent


def machine_of(options: argparse.Namespace) -> Machine:
    """Return the machine that the options name."""
    return Machine(Path(options.root))


def answer(machine: Machine, options: argparse.Namespace) -> Any:
    """Carry out the command of the options; return its answer, or its refusal's."""
    command: Command = options.command
    try:
        return command(machine, options)
    except Refused as refusal:
        return refusal.answer()


def tell(answer: Any) -> None:
    """Print an answer in one line."""
    sys.stdout.write(json.dumps(answer) + "\n")


def exit_code(answer: Any) -> int:
    """Return 0 for a good answer, 1 for a refusal or a failure."""
    is_bad = isinstance(answer, dict) and answer.get("outcome", "good") != "good"
    return FAILED if is_bad else GOOD
