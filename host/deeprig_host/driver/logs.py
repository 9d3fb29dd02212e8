"""The logs of driver changes: one file for each, the newest of them kept."""

from __future__ import annotations

from pathlib import Path

from deeprig_host.driver.journal import DIRECTORY
from deeprig_host.machine.commands import Machine

LOGS = f"{DIRECTORY}/log"
#: A year of monthly drivers, or a bad day's tries and what was before them. A log holds all that
#: apt and DKMS said of a change: kept for ever, they would fill /var.
_KEPT_LOGS = 20


def log_of(machine: Machine, identity: str) -> Path:
    """Return the log of the change of that id."""
    return machine.path(f"{LOGS}/{identity}.log")


def new_log(machine: Machine, identity: str, still_open: str = "") -> Path:
    """Return the log of a new change, and delete the oldest ones beyond what is kept with it.

    The log of the change that is still open stays, however old it is.
    """
    log = log_of(machine, identity)
    others = sorted(log.parent.glob("*.log"), reverse=True)  # the ids are times
    others = [other for other in others if other not in (log, log_of(machine, still_open))]
    for old in others[_KEPT_LOGS - 1 :]:
        old.unlink()
    return log
