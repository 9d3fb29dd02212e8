"""The journal of a driver change: what was there before, and how far the change is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deeprig_host.machine.commands import Machine
from deeprig_host.machine.journal import Journal, check_phase

DIRECTORY = "/var/lib/deeprig/driver"
JOURNAL = f"{DIRECTORY}/transaction.json"
#: In the order in which a transaction goes through them; restored also ends one.
PHASES = ("recorded", "fetched", "swapping", "swapped", "restoring", "restored")


@dataclass(frozen=True, slots=True)
class RecordedPackage:
    """A package as it was before: exactly this version can be put back from ``file``.

    ``file`` is the name of its .deb in the transaction's set.
    """

    name: str
    architecture: str
    version: str
    file: str
    is_held: bool = False
    is_automatic: bool = False


@dataclass(frozen=True, slots=True)
class RecordedFile:
    """A managed file as it was before; ``content`` None where it was not there."""

    path: str
    content: str | None
    mode: str = "644"


@dataclass(frozen=True, slots=True)
class Transaction:
    """One driver change. ``wanted`` and ``recorded`` are driver versions, "" is no driver.

    ``new_packages`` were not there before (dpkg's qualified names); ``kernels`` had a module.
    """

    id: str
    phase: str
    wanted: str
    recorded: str
    started: str
    boot_id: str
    order: dict[str, Any]
    reason: str = ""
    packages: tuple[RecordedPackage, ...] = ()
    files: tuple[RecordedFile, ...] = ()
    new_packages: tuple[str, ...] = ()
    kernels: tuple[str, ...] = ()

    def summary(self) -> dict[str, Any]:
        """Return what the observation tells of an open transaction."""
        names = ("id", "phase", "wanted", "recorded", "started", "boot_id", "reason")
        return {name: getattr(self, name) for name in names}


def _transaction(values: dict[str, Any]) -> Transaction:
    values["packages"] = tuple(RecordedPackage(**p) for p in values["packages"])
    values["files"] = tuple(RecordedFile(**f) for f in values["files"])
    for name in ("new_packages", "kernels"):
        values[name] = tuple(values[name])
    transaction = Transaction(**values)
    check_phase(transaction, PHASES)
    return transaction


_JOURNAL = Journal(
    "driver",
    JOURNAL,
    _transaction,
    remedy="look at {place}; delete it only when the driver is as it should be",
)
read_journal, write_journal = _JOURNAL.read, _JOURNAL.write
close_journal, discard_journal = _JOURNAL.close, _JOURNAL.discard


def read_history(machine: Machine) -> tuple[Transaction, ...]:
    """Return the closed transactions, newest first. Raise Refused on a spoilt one."""
    return tuple(_JOURNAL.closed(machine))
