"""The options that the commands that prove and restore have in common."""

from __future__ import annotations

import argparse

from deeprig_host.backup.declared import Backup
from deeprig_host.backup.places import CONFIG_FILE
from deeprig_host.backup.restic import Restic
from deeprig_host.machine.commands import Machine


def add_common(parser: argparse.ArgumentParser) -> None:
    """Add the options that every command has."""
    parser.add_argument("--config", default=CONFIG_FILE, help=f"default: {CONFIG_FILE}")
    parser.add_argument("--repository", metavar="NAME", help="default: all, or the first")
    parser.add_argument("--restic", default="restic", help="the program")
    parser.add_argument("--json", action="store_true", help="one JSON value instead of text")


def runner(machine: Machine, backup: Backup, options: argparse.Namespace) -> Restic:
    """Return restic as it is declared."""
    return Restic(machine, backup.nice, backup.io_class, options.restic)
