"""The journal of a network change: what was there before, and how far the change is."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from deeprig_host.machine.commands import Machine
from deeprig_host.machine.journal import Journal, check_phase
from deeprig_host.network.names import JOURNAL

STAGED, ARMED, APPLYING, APPLIED = "staged", "armed", "applying", "applied"
CONFIRMED, RESTORING, ROLLED_BACK = "confirmed", "restoring", "rolled-back"
#: The ways through: staged, armed, applying, applied, confirmed; from each before the last one
#: also restoring, rolled-back.
PHASES = (STAGED, ARMED, APPLYING, APPLIED, CONFIRMED, RESTORING, ROLLED_BACK)
#: JSON knows lists only. A journal of an earlier deeprig may lack one.
_TUPLES = (
    *("paths", "expected_addresses", "expected_gateways"),
    *("old_devices", "new_devices", "remarks"),
)


@dataclass(frozen=True, slots=True)
class Change:
    """One network change. Times are seconds since 1970; the machine's clock may jump.

    ``paths`` are the files that it writes or removes. When it is confirmed, ``expected_addresses``
    must be there, and ``expected_gateways`` must answer. ``old_devices`` are virtual interfaces
    that only the old configuration makes, or makes otherwise, ``new_devices`` those of the new one;
    ``hardware`` pairs the names of real interfaces before the change with their MAC addresses.
    """

    id: str
    kind: str
    phase: str
    confirm_seconds: int
    started: float
    boot_id: str
    paths: tuple[str, ...] = ()
    expected_addresses: tuple[str, ...] = ()
    expected_gateways: tuple[str, ...] = ()
    old_devices: tuple[str, ...] = ()
    new_devices: tuple[str, ...] = ()
    hardware: tuple[tuple[str, str], ...] = ()
    has_applied: bool = False
    reason: str = ""
    remarks: tuple[str, ...] = ()

    def summary(self) -> dict[str, Any]:
        """Return what an answer tells of the change."""
        return asdict(self)


def _change(values: dict[str, Any]) -> Change:
    for name in _TUPLES:
        values[name] = tuple(values.get(name, ()))
    values["hardware"] = tuple((name, mac) for name, mac in values["hardware"])
    change = Change(**values)
    check_phase(change, PHASES)
    return change


_JOURNAL = Journal(
    "network",
    JOURNAL,
    _change,
    remedy="look at {place} and the backup beside it; delete it when the network is right",
)
read_journal, write_journal = _JOURNAL.read, _JOURNAL.write
close_journal, discard_journal = _JOURNAL.close, _JOURNAL.discard


def advance(machine: Machine, change: Change, phase: str, **values: Any) -> Change:
    """Write that a change is in a phase; return it so."""
    moved = replace(change, phase=phase, **values)
    write_journal(machine, moved)
    return moved


def last_change(machine: Machine, identity: str | None = None) -> Change | None:
    """Return the closed change of that id, the newest one without an id; None if there is none."""
    return next(_JOURNAL.closed(machine, identity), None)
