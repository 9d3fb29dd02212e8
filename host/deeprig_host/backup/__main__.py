"""Back this machine up, prove it and bring it back: ``python -m deeprig_host.backup``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from deeprig_host.backup.command_modules import add_commands
from deeprig_host.backup.documents import print_refusal
from deeprig_host.machine.commands import Machine
from deeprig_host.machine.ini import BadConfiguration
from deeprig_host.machine.refusal import Refused

GOOD, FAILED, BAD_CONFIG = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return 0, 1 where something failed, 2 on a bad configuration."""
    words = sys.argv[1:] if arguments is None else arguments
    options = _parser(words).parse_args(words)
    try:
        return int(options.command(Machine(Path(options.root)), options))
    except BadConfiguration as bad:
        _refused(bad, str(bad), options)
        return BAD_CONFIG
    except Refused as refusal:
        _refused(refusal, "; ".join(_parts(refusal)), options)
        return FAILED
    except OSError as error:
        told = f"the backup cannot go on: {error}; make room, or have /var and /run writable"
        _refused(error, told, options)
        return FAILED


def _parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    """Return the parser of these arguments."""
    made = argparse.ArgumentParser(prog="deeprig_host.backup", description=__doc__)
    made.add_argument("--root", default="/", help="root directory (for tests)")
    commands = made.add_subparsers(required=True, metavar="COMMAND", dest="name")
    add_commands(commands, arguments)
    return made


def _refused(error: Exception, text: str, options: argparse.Namespace) -> None:
    """Tell people why nothing was done, and a program that asked for JSON too."""
    sys.stderr.write(f"{text}\n")
    if getattr(options, "json", False):
        print_refusal(options.name, error)


def _parts(refusal: Refused) -> tuple[str, ...]:
    return tuple(filter(None, (refusal.reason, *refusal.evidence, refusal.remedy)))


if __name__ == "__main__":
    sys.exit(main())
