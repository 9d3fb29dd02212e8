"""Whether the declared devices fit together: keys, members of bonds, links of VLANs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from roles.network.devices import (
    LACP_MODE,
    MODES_WITH_HASH,
    MODES_WITH_PRIMARY,
    Bond,
    Device,
    Ethernet,
)
from roles.network.faults import Fault

if TYPE_CHECKING:
    from roles.network.settings import NetworkSettings


def device_faults(settings: NetworkSettings) -> Iterator[Fault]:
    """Yield what is wrong with how devices name and use each other."""
    yield from _keys(settings)
    yield from _matches(settings)
    for key, bond in settings.bonds.items():
        yield from _members(settings, key, bond)
        yield from _mode(key, bond)
    yield from _vlans(settings)
    yield from _idle(settings)


def bond_of(settings: NetworkSettings, key: str) -> str | None:
    """Return the bond that an Ethernet interface is a member of, or None."""
    return next((name for name, bond in settings.bonds.items() if key in bond.interfaces), None)


def _keys(settings: NetworkSettings) -> Iterator[Fault]:
    times = Counter(key for (_, key), _ in settings.devices)
    for (kind, key), _ in settings.devices:
        if times[key] > 1 and kind != "ethernets":
            yield Fault(
                (kind, key), key, "two devices have this name", "give each device its own name"
            )
    names = {ethernet.name or key: key for key, ethernet in settings.ethernets.items()}
    for (kind, key), _ in settings.devices:
        if kind != "ethernets" and times[key] == 1 and key in names:
            owner = settings.ethernets[names[key]]
            if owner.mac is None and owner.match is None:
                yield Fault(
                    (kind, key), key, "an Ethernet interface has this name", "choose another name"
                )


def _matches(settings: NetworkSettings) -> Iterator[Fault]:
    seen: dict[tuple[str, str], str] = {}
    for key, ethernet in settings.ethernets.items():
        way = _way(key, ethernet)
        if way in seen:
            yield Fault(
                ("ethernets", key),
                way[1],
                f"ethernets.{seen[way]} means the same interface",
                "declare it once",
            )
        seen.setdefault(way, key)
        if ethernet.match is not None:
            yield from _pattern(key, ethernet)


def _way(key: str, ethernet: Ethernet) -> tuple[str, str]:
    if ethernet.mac is not None:
        return "mac", ethernet.mac
    if ethernet.match is not None:
        return "match", ethernet.match
    return "name", ethernet.name or key


def _pattern(key: str, ethernet: Ethernet) -> Iterator[Fault]:
    """A pattern may fit several interfaces, which cannot share what is one interface's own."""
    own = {"addresses": ethernet.addresses, "routes": ethernet.routes}
    settings = {"mtu": ethernet.mtu, "wakeonlan": ethernet.wakeonlan, **dict(ethernet.offloads)}
    for setting, value in {**own, **settings}.items():
        if value not in ((), None):
            yield Fault(
                ("ethernets", key, setting),
                value,
                f"match {ethernet.match} may mean several interfaces, this is for one",
                "name the interface by mac or name",
            )


def _members(settings: NetworkSettings, key: str, bond: Bond) -> Iterator[Fault]:
    for position, member in enumerate(bond.interfaces):
        path = ("bonds", key, "interfaces", position)
        ethernet = settings.ethernets.get(member)
        if ethernet is None:
            known = ", ".join(settings.ethernets) or "none yet"
            yield Fault(
                path,
                member,
                "there is no such Ethernet interface",
                f"declare it in ethernets ({known})",
            )
            continue
        owner = bond_of(settings, member)
        if owner != key or member in bond.interfaces[:position]:
            yield Fault(
                path,
                member,
                f"it is already a member of {owner}",
                "an interface is in one bond, once",
            )
        for setting in _own_addressing(ethernet):
            yield Fault(
                ("ethernets", member, setting),
                getattr(ethernet, setting),
                f"the interface is a member of bond {key} and has no addressing of its own",
                f"move it to bonds.{key}",
            )


def _own_addressing(device: Device) -> tuple[str, ...]:
    names = ("dhcp4", "dhcp6", "accept_ra", "addresses", "routes", "nameservers", "search")
    return tuple(name for name in names if getattr(device, name))


def _mode(key: str, bond: Bond) -> Iterator[Fault]:
    if bond.primary is not None:
        path = ("bonds", key, "primary")
        if bond.primary not in bond.interfaces:
            members = ", ".join(bond.interfaces)
            yield Fault(path, bond.primary, "it is no member", f"name one of {members}")
        if bond.mode not in MODES_WITH_PRIMARY:
            modes = ", ".join(MODES_WITH_PRIMARY)
            yield Fault(
                path,
                bond.primary,
                f"mode {bond.mode} has no primary",
                f"leave it out, or use one of {modes}",
            )
    if bond.lacp_rate is not None and bond.mode != LACP_MODE:
        yield Fault(
            ("bonds", key, "lacp_rate"),
            bond.lacp_rate,
            f"mode {bond.mode} has no LACP",
            f"leave it out, or set mode to {LACP_MODE}",
        )
    if bond.transmit_hash_policy is not None and bond.mode not in MODES_WITH_HASH:
        yield Fault(
            ("bonds", key, "transmit_hash_policy"),
            bond.transmit_hash_policy,
            f"mode {bond.mode} does not spread packets by a hash",
            f"leave it out, or use one of {', '.join(MODES_WITH_HASH)}",
        )


def _vlans(settings: NetworkSettings) -> Iterator[Fault]:
    seen: dict[tuple[str, int], str] = {}
    for key, vlan in settings.vlans.items():
        path = ("vlans", key, "link")
        ethernet = settings.ethernets.get(vlan.link)
        if ethernet is None and vlan.link not in settings.bonds:
            known = ", ".join((*settings.ethernets, *settings.bonds)) or "none yet"
            yield Fault(
                path,
                vlan.link,
                "there is no such Ethernet interface or bond",
                f"declare it in ethernets or bonds ({known})",
            )
        elif ethernet is not None and ethernet.match is not None:
            yield Fault(
                path,
                vlan.link,
                f"match {ethernet.match} may mean several interfaces, a VLAN is on one",
                "name the interface by mac or name",
            )
        elif (bond := bond_of(settings, vlan.link)) is not None:
            yield Fault(
                path,
                vlan.link,
                f"the interface is a member of bond {bond}",
                f"set link to {bond}",
            )
        other = seen.setdefault((vlan.link, vlan.id), key)
        if other != key:
            yield Fault(
                ("vlans", key, "id"),
                vlan.id,
                f"vlans.{other} is the same VLAN on {vlan.link}",
                "declare it once",
            )


def _idle(settings: NetworkSettings) -> Iterator[Fault]:
    """A device that gets no address and carries no other is a forgotten setting."""
    links = {vlan.link for vlan in settings.vlans.values()}
    for (kind, key), device in settings.devices:
        if device.has_addressing or key in links:
            continue
        if kind == "ethernets" and bond_of(settings, key) is not None:
            continue
        yield Fault(
            (kind, key),
            key,
            "this device gets no address and carries no other device",
            "set dhcp4, dhcp6 or addresses, or remove it",
        )
