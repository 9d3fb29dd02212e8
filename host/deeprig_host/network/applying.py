"""Apply the staged configuration in a unit of its own: the connection that asks may die of it."""

from __future__ import annotations

from typing import Any

from deeprig_host.machine.commands import Machine
from deeprig_host.machine.refusal import Refused
from deeprig_host.network import backend, guard, journal, virtual
from deeprig_host.network.journal import Change
from deeprig_host.network.names import APPLY_UNIT, BACKUP
from deeprig_host.network.rollback import roll_back


def begin(machine: Machine) -> dict[str, Any]:
    """Start the unit that applies, and answer before the network changes.

    Raise Refused where no change is staged and armed.
    """
    change = _open_change(machine)
    words = (*guard.program_words(), "--root", str(machine.root), "apply", "--worker")
    done = machine.run(
        *(
            "systemd-run",
            f"--unit={APPLY_UNIT}",
            "--property=Type=exec",
            "--collect",
            "--quiet",
            *words,
        )
    )
    if not done.is_good:
        raise Refused(
            "the unit that applies the configuration does not start",
            evidence=done.tail(),
            remedy="nothing was applied; look at the evidence, then roll back",
            outcome="failed",
        )
    return {"outcome": "good", "unit": APPLY_UNIT, **change.summary()}


def apply(machine: Machine) -> dict[str, Any]:
    """Make the staged configuration true; a second call does it again.

    Go back at once where the host cannot make it true, and raise Refused with its words.
    """
    change = _open_change(machine)
    if change.phase == journal.APPLIED:
        return {"outcome": "good", **change.summary()}
    change = journal.advance(machine, change, journal.APPLYING, has_applied=True)
    remarks = virtual.delete_devices(machine, change.old_devices)
    devices = (*change.old_devices, *change.new_devices)
    before = f"{BACKUP}/{change.id}"
    done = backend.apply(machine, change.kind, before, devices, float(change.confirm_seconds))
    if done.is_good:
        change = journal.advance(machine, change, journal.APPLIED, remarks=remarks)
        return {"outcome": "good", **change.summary()}
    reason = f"`{' '.join(done.words)}` failed"
    roll_back(machine, f"{reason}: {' '.join(done.tail(3))}")
    raise Refused(
        f"{reason}; the old configuration is back",
        evidence=(*remarks, *done.tail()),
        remedy="correct what it names and apply again",
        outcome="failed",
    )


def _open_change(machine: Machine) -> Change:
    change = journal.read_journal(machine)
    if change is None:
        raise Refused(
            "no network change is staged; the time to confirm it may be over",
            remedy="stage it again",
        )
    if change.phase not in (journal.ARMED, journal.APPLYING, journal.APPLIED):
        raise Refused(
            f"the network change {change.id} is {change.phase}: it cannot be applied",
            remedy="roll it back and stage it again",
        )
    if not guard.is_armed(machine):
        raise Refused(
            "no way back is armed on this host", remedy="roll the change back and stage it again"
        )
    return change
