"""Which module has which commands: a run imports only its own, since cron asks every 15 minutes.

All of them would cost three times what one that backs up needs.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from typing import Any

#: In the order in which ``--help`` has them.
MODULES = {
    "backup_commands": ("run", "due", "check-config"),
    "standing_commands": ("status", "newest"),
    "work_command": ("work",),
    "proof_commands": ("check", "drill", "list"),
    "restore_command": ("restore",),
    "rebuild_command": ("rebuild", "compare"),
    "unit_commands": ("begin", "follow", "end", "at-work"),
}
#: An ``_SubParsersAction`` of argparse, whose type has no public name.
Commands = Any


def add_commands(commands: Commands, arguments: Iterable[str]) -> None:
    """Add the commands among which the one of these arguments is; all where none is named.

    An argument that is called like a command, such as a user's name, only adds more.
    """
    words = frozenset(arguments)
    asked = [module for module, names in MODULES.items() if not words.isdisjoint(names)]
    for module in asked or MODULES:
        importlib.import_module(f"deeprig_host.backup.{module}").add(commands)
