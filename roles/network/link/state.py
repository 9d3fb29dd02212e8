"""Whether each declared device is there, up, plugged in, and made of what was declared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from roles.network.devices import LACP_MODE, Bond, Vlan
from roles.network.link.finding import Finding
from roles.network.link.meant import Meant
from roles.network.link.reading import Link

#: What a bond has for a partner while the switch has sent no LACP packet (802.1AX).
_NO_PARTNER = "00:00:00:00:00:00"


def state_findings(meant: tuple[Meant, ...], links: Mapping[str, Link]) -> Iterator[Finding]:
    """Yield what is found of every device's interface, bond and VLAN."""
    by_key = {device.key: device for device in meant}
    for device in meant:
        yield from _carrier(device, links)
        link = links.get(device.key)
        if isinstance(device.device, Vlan):
            yield _vlan(device.key, device.device, link, by_key[device.device.link].names)
        elif isinstance(device.device, Bond) and link is not None:
            yield from _bond(device.key, device.device, link)
            for member in device.device.interfaces:
                for member_link in by_key[member].links(links):
                    yield _member(device.key, link, member_link)


def _carrier(device: Meant, links: Mapping[str, Link]) -> Iterator[Finding]:
    name = f"{device.key}: up, with carrier"
    if not any(interface in links for interface in device.names):
        if not device.may_be_unplugged:
            what = ", ".join(device.names) or "the declared interface"
            has = ", ".join(sorted(links))
            yield Finding(name, False, f"the host has no {what}; it has {has}")
        return
    judged = device.links(links)
    if judged:
        remedy = "" if all(link.is_working for link in judged) else _remedy(judged)
        states = ", ".join(link.state for link in judged)
        yield Finding(name, not remedy, f"{states}{remedy}")


def _remedy(links: tuple[Link, ...]) -> str:
    if all(link.is_up for link in links):
        return ": plug the cable in, or look at the switch's port"
    return ": apply the role, or look at what has taken it down"


def _vlan(key: str, vlan: Vlan, link: Link | None, parents: tuple[str, ...]) -> Finding:
    wanted = f"VLAN {vlan.id} on {' or '.join(parents) or vlan.link}"
    if link is None:
        return Finding(f"{key}: {wanted}", False, f"the host has no {key}")
    found: Any = (link.details or {}).get("id")
    is_good = link.kind == "vlan" and found == vlan.id and link.parent in parents
    told = f"VLAN {found} on {link.parent}" if link.kind == "vlan" else f"kind {link.kind}"
    return Finding(f"{key}: {wanted}", is_good, f"{key} is {told}")


def _bond(key: str, bond: Bond, link: Link) -> Iterator[Finding]:
    details = link.details or {}
    mode = details.get("mode")
    is_good = link.kind == "bond" and mode == bond.mode
    told = f"{key} is {mode}" if link.kind == "bond" else f"{key} is of the kind {link.kind}"
    yield Finding(f"{key}: mode {bond.mode}", is_good, told)
    if bond.mode == LACP_MODE and is_good:
        partner = details.get("ad_info", {}).get("partner_mac")
        has_partner = None if partner is None else partner != _NO_PARTNER
        evidence = f"partner {partner}"
        if has_partner is False:
            evidence = "the switch has sent no LACP packet: set its ports to LACP"
        elif has_partner is None:
            evidence = f"{key} tells no partner"
        yield Finding(f"{key}: the switch speaks LACP", has_partner, evidence)


def _member(key: str, bond: Link, member: Link) -> Finding:
    name = f"{key}: member {member.name} works"
    if member.master != key:
        return Finding(name, False, f"{member.name} is no member: its master is {member.master}")
    told = member.membership or {}
    evidence = f"{member.state}; MII status {told.get('mii_status')}"
    is_good = member.is_working and told.get("mii_status") == "UP"
    aggregator = (bond.details or {}).get("ad_info", {}).get("aggregator")
    # A member that the switch put into another group is up, and carries nothing.
    if aggregator is not None and told.get("ad_aggregator_id") != aggregator:
        is_good = False
        evidence += f"; in another LACP group than {key}: look at the switch's port"
    return Finding(name, is_good, evidence)
