"""The transaction's journal: written whole, to the disk, before each step that it announces.

A power cut leaves either the old journal or the new one (rename(2), fsync(2)).
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from deeprig_host.machine.commands import Machine
from deeprig_host.machine.refusal import Refused

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


def read_journal(machine: Machine) -> Transaction | None:
    """Return the open transaction, None where there is none. Raise Refused on a spoilt journal."""
    text = machine.text(JOURNAL)
    return None if text is None else parse_journal(text, JOURNAL)


def parse_journal(text: str, place: str) -> Transaction:
    """Return the transaction of a journal's text. Raise Refused on a spoilt one."""
    try:
        values = json.loads(text)
        values["packages"] = tuple(RecordedPackage(**p) for p in values["packages"])
        values["files"] = tuple(RecordedFile(**f) for f in values["files"])
        for name in ("new_packages", "kernels"):
            values[name] = tuple(values[name])
        return Transaction(**values)
    except (ValueError, KeyError, TypeError) as error:
        raise Refused(
            "the driver journal is unreadable",
            evidence=(f"{place}: {type(error).__name__}: {error}",),
            remedy=f"look at {place}; delete it only when the driver is as it should be",
            outcome="failed",
        ) from error


def write_journal(machine: Machine, transaction: Transaction) -> None:
    """Put a transaction on the disk; when this returns, a power cut cannot lose it."""
    text = json.dumps(asdict(transaction), indent=1) + "\n"
    write_durably(machine.path(JOURNAL), text)


def close_journal(machine: Machine, transaction: Transaction) -> None:
    """Move the journal into the history."""
    history = machine.path(f"{DIRECTORY}/history")
    history.mkdir(parents=True, exist_ok=True)
    machine.path(JOURNAL).rename(history / f"{transaction.id}.json")
    sync_directory(history)
    sync_directory(machine.path(DIRECTORY))


def discard_journal(machine: Machine) -> None:
    """Forget a transaction that has changed nothing."""
    machine.path(JOURNAL).unlink(missing_ok=True)
    sync_directory(machine.path(DIRECTORY))


def read_history(machine: Machine) -> tuple[Transaction, ...]:
    """Return the closed transactions, newest first."""
    files = sorted(machine.path(f"{DIRECTORY}/history").glob("*.json"), reverse=True)
    return tuple(parse_journal(file.read_text(encoding="utf-8"), str(file)) for file in files)


def write_durably(path: Path, text: str, mode: int = 0o600) -> None:
    """Write a file so that it has the old content or the new one, whatever is cut off."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".deeprig-new")
    with draft.open("w", encoding="utf-8", errors="surrogateescape") as file:
        os.fchmod(file.fileno(), mode)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    sync_directory(path.parent)


def sync_directory(path: Path) -> None:
    """Have a directory's entries on the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
