"""Write a new configuration, with the way back armed before the first file is touched."""

from __future__ import annotations

import secrets
import time
from typing import Any

from deeprig_host.machine.commands import Machine
from deeprig_host.machine.durable import place_file, remove_file
from deeprig_host.machine.refusal import Refused
from deeprig_host.network import backend, guard, journal, trees, virtual
from deeprig_host.network.journal import Change
from deeprig_host.network.names import BACKUP, NETPLAN, REPLACED
from deeprig_host.network.order import Order
from deeprig_host.network.rollback import roll_back

#: Phases in which a change waits for its controller; in every other one it was cut off.
_WAITING = (journal.ARMED, journal.APPLYING, journal.APPLIED)


def stage(machine: Machine, order: Order) -> dict[str, Any]:
    """Back up, arm, write, have it checked. Nothing of it is applied.

    Whatever cuts this off: the timer, or the next boot, puts the old files back. Raise Refused,
    with the old files in place and nothing armed, on a configuration that the host refuses.
    """
    backend.check_tools(machine, order.kind)
    backend.check_order(order)
    _close_earlier(machine)
    change = _record(machine, order)
    try:
        guard.arm(machine, change)
        before = virtual.declared_devices(machine, order.kind)
        _write(machine, order)
        _check(machine, order.kind)
        after = virtual.declared_devices(machine, order.kind)
    except (Refused, OSError):
        _put_back(machine, change)
        raise
    change = journal.advance(
        machine,
        change,
        journal.ARMED,
        old_devices=virtual.only_in(before, after),
        new_devices=virtual.only_in(after, before),
    )
    return {"outcome": "good", **change.summary()}


def _close_earlier(machine: Machine) -> None:
    """Put back a change whose staging was cut off; raise Refused while another one is open."""
    change = journal.read_journal(machine)
    if change is None:
        guard.disarm(machine)
        return
    if change.phase not in _WAITING:
        roll_back(machine, "cut off; another change was begun")
        return
    left = guard.seconds_left(machine)
    raise Refused(
        f"the network change {change.id} is {change.phase} and not yet confirmed",
        evidence=() if left is None else (f"the host goes back by itself in {left:.0f} s",),
        remedy=f"confirm {change.id}, roll it back, or wait until its time is over",
        outcome="busy",
    )


def _record(machine: Machine, order: Order) -> Change:
    now = time.time()
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
    change = Change(
        id=f"{stamp}-{secrets.token_hex(3)}",
        kind=order.kind,
        phase=journal.STAGED,
        confirm_seconds=order.confirm_seconds,
        started=now,
        boot_id=machine.text("/proc/sys/kernel/random/boot_id") or "",
        paths=tuple(file.path for file in order.files),
        expected_addresses=order.expected_addresses,
        expected_gateways=order.expected_gateways,
        hardware=virtual.hardware(machine),
    )
    for place in (BACKUP, REPLACED):
        trees.keep_only(machine, place, change.id)
    trees.save(machine, order.kind, f"{BACKUP}/{change.id}")
    journal.write_journal(machine, change)
    return change


def _write(machine: Machine, order: Order) -> None:
    for file in order.files:
        target = machine.path(file.path)
        if file.content is None:
            remove_file(target)
        else:
            place_file(target, file.content.encode(), file.mode)


def _check(machine: Machine, kind: str) -> None:
    done = backend.generate(machine, kind)
    if not done.is_good:
        raise Refused(
            "netplan refuses the configuration",
            evidence=done.tail(),
            remedy="correct the setting that netplan names; nothing was applied",
        )


def _put_back(machine: Machine, change: Change) -> None:
    """Undo what was written; nothing of it was applied. What fails is left to the way back."""
    trees.restore(machine, change.kind, f"{BACKUP}/{change.id}")
    if change.kind == NETPLAN:
        backend.generate(machine, change.kind)
    guard.disarm(machine)
    journal.discard_journal(machine)
