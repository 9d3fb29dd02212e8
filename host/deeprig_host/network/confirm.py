"""Accept a change: from here on nothing puts it back."""

from __future__ import annotations

import ipaddress
import json
from typing import Any

from deeprig_host.machine.commands import Machine
from deeprig_host.machine.refusal import Refused
from deeprig_host.network import guard, journal
from deeprig_host.network.gateways import silent_gateways
from deeprig_host.network.journal import Change


def confirm(machine: Machine, identity: str) -> dict[str, Any]:
    """Close the applied change of that id; a second call says the same.

    Raise Refused where it is not the open one, is not applied, was put back, lacks an address that
    was expected of it, or has a gateway that does not answer: then the way back stays armed.
    """
    change = journal.read_journal(machine)
    if change is None or change.id != identity:
        return _closed(machine, identity, change)
    if change.phase == journal.CONFIRMED:
        return finish(machine, change)
    if change.phase != journal.APPLIED:
        raise Refused(
            f"the network change {identity} is {change.phase}, not applied",
            evidence=(change.reason,) if change.reason else (),
            remedy="look at `status`; confirm it once it is applied",
            outcome="busy" if change.phase == journal.APPLYING else "refused",
        )
    _check_addresses(machine, change)
    _check_gateways(machine, change)
    return finish(machine, journal.advance(machine, change, journal.CONFIRMED))


def finish(machine: Machine, change: Change) -> dict[str, Any]:
    """Disarm and close a change that the journal already calls confirmed."""
    guard.disarm(machine)
    journal.close_journal(machine, change)
    return {"outcome": "good", **change.summary()}


def present_addresses(machine: Machine) -> frozenset[str]:
    """Return all addresses of the machine, in the form of ``ipaddress``. Raise Refused if none."""
    done = machine.run("ip", "-json", "address", "show")
    if not done.is_good:
        raise Refused("the addresses cannot be read", evidence=done.tail(), outcome="failed")
    return frozenset(
        str(ipaddress.ip_address(address["local"]))
        for interface in json.loads(done.out or "[]")
        for address in interface.get("addr_info", ())
        if "local" in address
    )


def _check_addresses(machine: Machine, change: Change) -> None:
    missing = sorted(set(change.expected_addresses) - present_addresses(machine))
    if missing:
        raise Refused(
            f"the host does not have the address {', '.join(missing)}",
            remedy="the old configuration comes back by itself; correct the declaration",
            outcome="failed",
        )


def _check_gateways(machine: Machine, change: Change) -> None:
    silent = silent_gateways(machine, change.expected_gateways)
    if silent:
        raise Refused(
            f"the gateway {', '.join(silent)} does not answer on the link",
            remedy="the old configuration comes back by itself; correct the gateway, or the VLAN",
            outcome="failed",
        )


def _closed(machine: Machine, identity: str, now: Change | None) -> dict[str, Any]:
    """Answer for a change that is not the open one."""
    change = journal.last_change(machine, identity)
    if change is not None and change.phase == journal.CONFIRMED:
        return {"outcome": "good", **change.summary()}
    if change is not None:
        raise Refused(
            f"the network change {identity} was rolled back: {change.reason}",
            evidence=change.remarks,
            remedy="the host has its old configuration; correct the declaration and apply again",
            outcome="failed",
        )
    raise Refused(
        f"there is no network change {identity}",
        evidence=() if now is None else (f"open is {now.id}, {now.phase}",),
        remedy="confirm the id that `stage` answered",
    )
