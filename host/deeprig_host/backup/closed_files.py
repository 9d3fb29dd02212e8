"""Files with secrets: read by their owner and by nobody else, or refused."""

from __future__ import annotations

import os
import stat

from deeprig_host.machine.commands import Machine
from deeprig_host.machine.refusal import Refused

_OTHERS = 0o077


def check_closed(machine: Machine, place: str) -> None:
    """Raise Refused where a file is missing, empty, no file, another's, or open to others."""
    path = machine.path(place)
    try:
        found = path.stat()
    except OSError as error:
        raise Refused(
            f"{place} cannot be used: {error.strerror}",
            remedy="`deeprig apply --role backup` places it",
        ) from error
    if not stat.S_ISREG(found.st_mode) or not found.st_size:
        raise Refused(f"{place} is empty or no file", remedy="write the secret into it")
    if found.st_uid not in (0, os.geteuid()):
        raise Refused(f"{place} belongs to user {found.st_uid}", remedy=f"chown root {place}")
    if found.st_mode & _OTHERS:
        mode = stat.S_IMODE(found.st_mode)
        raise Refused(
            f"{place} is open to others than its owner (mode {mode:o})",
            remedy=f"chmod 600 {place}, and change the secret if others were on this machine",
        )
