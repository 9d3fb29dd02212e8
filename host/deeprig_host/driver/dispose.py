"""How a transaction ends: put back on demand, or confirmed by its proof."""

from __future__ import annotations

from typing import Any

from deeprig_host.driver import deb_store
from deeprig_host.driver.deb_store import Archive
from deeprig_host.driver.journal import (
    Transaction,
    close_journal,
    read_history,
    read_journal,
)
from deeprig_host.driver.loaded import loaded_version
from deeprig_host.driver.locks import wait_for_locks
from deeprig_host.driver.logs import log_of
from deeprig_host.driver.packages import read_packages
from deeprig_host.driver.progress import Progress
from deeprig_host.driver.put_back import Mark, put_back, unmarked
from deeprig_host.machine.commands import Machine
from deeprig_host.machine.refusal import Refused

#: Of so many closed transactions the replaced packages are kept.
_KEPT_SETS = 2


def restore(machine: Machine, reason: str, mark: Mark = unmarked) -> dict[str, Any]:
    """Put back what the open transaction recorded; may be called again at any time.

    Raise Refused where there is no transaction, or where the old driver does not come back.
    """
    wait_for_locks(machine, _open(machine).order["lock_wait_seconds"])
    progress = Progress(log_of(machine, _open(machine).id))
    transaction = put_back(machine, _open(machine), reason, progress, mark)
    return {
        "outcome": "good",
        "phase": transaction.phase,
        "transaction": transaction.id,
        "recorded": transaction.recorded,
        "reboot_needed": (loaded_version(machine) or "") != transaction.recorded,
        "log": str(progress.log),
    }


def confirm(machine: Machine) -> dict[str, Any]:
    """Close the transaction, its proof accepted. Raise Refused where it is not complete."""
    transaction = _open(machine)
    if transaction.phase not in ("swapped", "restored"):
        raise Refused(
            "the driver change is not complete",
            evidence=(f"phase: {transaction.phase}",),
            remedy="run `restore` first, or `deeprig apply` again",
        )
    close_journal(machine, transaction)
    installed = read_packages(machine)
    present = (Archive(p.name, p.architecture, p.version).file for p in installed if p.has_files)
    history = read_history(machine)[:_KEPT_SETS]
    kept = (package.file for closed in history for package in closed.packages)
    deb_store.prune(machine, frozenset((*present, *kept)))
    return {"outcome": "good", "transaction": transaction.id, "phase": "confirmed"}


def _open(machine: Machine) -> Transaction:
    transaction = read_journal(machine)
    if transaction is None:
        raise Refused("no driver change is open on this host", remedy="there is nothing to do")
    return transaction
