"""Back this machine up, prove it and bring it back: ``python -m deeprig_host.backup``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from deeprig_host.backup.backup_commands import add_backups
from deeprig_host.backup.documents import print_refusal
from deeprig_host.backup.proof_commands import add_proofs
from deeprig_host.backup.rebuild_command import add_rebuild
from deeprig_host.backup.restore_command import add_restore
from deeprig_host.backup.standing_commands import add_standing
from deeprig_host.backup.unit_commands import add_units
from deeprig_host.backup.work_command import add_work
from deeprig_host.cooling.config import BadConfiguration
from deeprig_host.machine.commands import Machine
from deeprig_host.machine.refusal import Refused

GOOD, FAILED, BAD_CONFIG = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return 0, 1 where something failed, 2 on a bad configuration."""
    options = parser().parse_args(arguments)
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


def parser() -> argparse.ArgumentParser:
    """Return the parser of the program's arguments."""
    made = argparse.ArgumentParser(prog="deeprig_host.backup", description=__doc__)
    made.add_argument("--root", default="/", help="root directory (for tests)")
    commands = made.add_subparsers(required=True, metavar="COMMAND", dest="name")
    add_backups(commands)
    add_standing(commands)
    add_work(commands)
    add_proofs(commands)
    add_restore(commands)
    add_rebuild(commands)
    add_units(commands)
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
