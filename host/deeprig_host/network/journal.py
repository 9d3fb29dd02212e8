"""The journal of a network change: written whole, to the disk, before each step it announces.

A power cut leaves either the old journal or the new one (rename(2), fsync(2)).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import Any

from deeprig_host.driver.journal import sync_directory, write_durably
from deeprig_host.machine.commands import Machine
from deeprig_host.machine.refusal import Refused
from deeprig_host.network.names import DIRECTORY, HISTORY, JOURNAL

STAGED, ARMED, APPLYING, APPLIED = "staged", "armed", "applying", "applied"
CONFIRMED, RESTORING, ROLLED_BACK = "confirmed", "restoring", "rolled-back"
#: The ways through: staged, armed, applying, applied, confirmed; from each before the last one
#: also restoring, rolled-back.
PHASES = (STAGED, ARMED, APPLYING, APPLIED, CONFIRMED, RESTORING, ROLLED_BACK)


@dataclass(frozen=True, slots=True)
class Change:
    """One network change. Times are seconds since 1970; the machine's clock may jump.

    ``paths`` are the files that it writes or removes; ``expected_addresses`` must be there when it
    is confirmed. ``old_devices`` are virtual interfaces that only the old configuration makes, or
    makes otherwise, ``new_devices`` those of the new one; ``hardware`` pairs the names of real
    interfaces before the change with their MAC addresses.
    """

    id: str
    kind: str
    phase: str
    confirm_seconds: int
    started: float
    boot_id: str
    paths: tuple[str, ...] = ()
    expected_addresses: tuple[str, ...] = ()
    old_devices: tuple[str, ...] = ()
    new_devices: tuple[str, ...] = ()
    hardware: tuple[tuple[str, str], ...] = ()
    has_applied: bool = False
    reason: str = ""
    remarks: tuple[str, ...] = ()

    def summary(self) -> dict[str, Any]:
        """Return what an answer tells of the change."""
        return asdict(self)


def read_journal(machine: Machine) -> Change | None:
    """Return the open change, None where there is none. Raise Refused on a spoilt journal."""
    text = machine.text(JOURNAL)
    return None if text is None else parse_journal(text, JOURNAL)


def parse_journal(text: str, place: str) -> Change:
    """Return the change of a journal's text. Raise Refused on a spoilt one."""
    try:
        values = json.loads(text)
        for name in ("paths", "expected_addresses", "old_devices", "new_devices", "remarks"):
            values[name] = tuple(values[name])
        values["hardware"] = tuple((name, mac) for name, mac in values["hardware"])
        change = Change(**values)
    except (ValueError, KeyError, TypeError) as error:
        raise _spoilt(place, f"{type(error).__name__}: {error}") from error
    if change.phase not in PHASES:
        raise _spoilt(place, f"phase {change.phase!r} is unknown")
    return change


def _spoilt(place: str, evidence: str) -> Refused:
    return Refused(
        "the network journal is unreadable",
        evidence=(f"{place}: {evidence}",),
        remedy=f"look at {place} and the backup beside it; delete it when the network is right",
        outcome="failed",
    )


def write_journal(machine: Machine, change: Change) -> None:
    """Put a change on the disk; when this returns, a power cut cannot lose it."""
    path = machine.path(JOURNAL)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_durably(path, json.dumps(asdict(change), indent=1) + "\n")


def advance(machine: Machine, change: Change, phase: str, **values: Any) -> Change:
    """Write that a change is in a phase; return it so."""
    moved = replace(change, phase=phase, **values)
    write_journal(machine, moved)
    return moved


def close_journal(machine: Machine, change: Change) -> None:
    """Move the journal into the history."""
    history = machine.path(HISTORY)
    history.mkdir(parents=True, exist_ok=True)
    machine.path(JOURNAL).rename(history / f"{change.id}.json")
    sync_directory(history)
    sync_directory(machine.path(DIRECTORY))


def discard_journal(machine: Machine) -> None:
    """Forget a change that has changed nothing."""
    machine.path(JOURNAL).unlink(missing_ok=True)
    sync_directory(machine.path(DIRECTORY))


def last_change(machine: Machine, identity: str | None = None) -> Change | None:
    """Return the closed change of that id, the newest one without an id; None if there is none."""
    files = sorted(machine.path(HISTORY).glob("*.json"), reverse=True)
    files = [file for file in files if identity in (None, file.stem)]
    if not files:
        return None
    return parse_journal(files[0].read_text(encoding="utf-8"), str(files[0]))
