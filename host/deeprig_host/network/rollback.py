"""Put the old configuration back: files first, then what runs, then the journal."""

from __future__ import annotations

from typing import Any

from deeprig_host.machine.commands import Done, Machine
from deeprig_host.machine.refusal import Refused
from deeprig_host.network import backend, guard, journal, trees, virtual
from deeprig_host.network.confirm import finish
from deeprig_host.network.journal import Change
from deeprig_host.network.names import BACKUP, NETPLAN, REPLACED

_APPLY_SECONDS = 120.0


def roll_back(machine: Machine, reason: str, *, is_boot: bool = False) -> dict[str, Any]:
    """Go back to the recorded configuration; every step may be done again.

    ``is_boot``: nothing configures the network yet, so the files are enough. An accepted change is
    finished, not put back. Raise Refused where the old configuration could not be made true: the
    files are the old ones then, and the guard stays.
    """
    change = journal.read_journal(machine)
    if change is None:
        guard.disarm(machine)
        return {"outcome": "good", "phase": None, "reason": "no network change is open"}
    if change.phase == journal.CONFIRMED:
        return finish(machine, change)
    if change.phase == journal.ROLLED_BACK:
        journal.close_journal(machine, change)
        return {"outcome": "good", **change.summary()}
    if change.phase != journal.RESTORING:
        change = journal.advance(machine, change, journal.RESTORING, reason=reason)
    trees.save(machine, change.kind, f"{REPLACED}/{change.id}")
    trees.restore(machine, change.kind, f"{BACKUP}/{change.id}")
    change = _remark(machine, change, _make_true(machine, change, is_boot))
    guard.disarm(machine)
    change = journal.advance(machine, change, journal.ROLLED_BACK)
    journal.close_journal(machine, change)
    return {"outcome": "good", **change.summary()}


def _make_true(machine: Machine, change: Change, is_boot: bool) -> tuple[str, ...]:
    """Have the old files take effect; return what did not go well but does not matter.

    Raise Refused where they do not take effect.
    """
    remarks: tuple[str, ...] = ()
    generated = backend.generate(machine, change.kind)
    if not generated.is_good:
        remarks += (f"netplan generate: {' '.join(generated.tail(3))}",)
    has_applied = change.has_applied or _has_rebooted(machine, change)
    if is_boot or not has_applied:
        remarks += _read_again(machine, change)
    if not has_applied:
        return remarks
    remarks += virtual.rename_back(machine, change.hardware)
    if is_boot:
        return remarks
    remarks += virtual.delete_devices(machine, change.new_devices)
    devices = (*change.old_devices, *change.new_devices)
    before = f"{REPLACED}/{change.id}"
    done = backend.apply(machine, change.kind, before, devices, _APPLY_SECONDS)
    if done.is_good:
        return remarks
    if change.kind == NETPLAN:
        remarks += (f"{' '.join(done.words)}: {' '.join(done.tail(3))}",)
        done = backend.restart_renderers(machine)
    if not done.is_good:
        raise _failed(machine, change, done, remarks)
    return remarks


def _has_rebooted(machine: Machine, change: Change) -> bool:
    """Say whether a boot may have taken the new files up (where its guard could not run)."""
    return machine.text("/proc/sys/kernel/random/boot_id") != change.boot_id


def _read_again(machine: Machine, change: Change) -> tuple[str, ...]:
    if change.kind != NETPLAN:
        return ()
    done = backend.reload_units(machine)
    return () if done.is_good else (f"{' '.join(done.words)}: {' '.join(done.tail(3))}",)


def _remark(machine: Machine, change: Change, remarks: tuple[str, ...]) -> Change:
    if not remarks:
        return change
    return journal.advance(machine, change, change.phase, remarks=change.remarks + remarks)


def _failed(machine: Machine, change: Change, done: Done, remarks: tuple[str, ...]) -> Refused:
    words = " ".join(done.words)
    _remark(machine, change, (*remarks, f"{words}: {' '.join(done.tail(3))}"))
    return Refused(
        f"the old network configuration is written, but `{words}` failed",
        evidence=(*remarks, *done.tail()),
        remedy="the host tries again; a reboot brings the old configuration too",
        outcome="failed",
    )
