"""Whether the MTUs of one host fit: on what carries what, and for IPv6."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from roles.network.devices import ETHERNET_MTU_BYTES
from roles.network.faults import Fault

if TYPE_CHECKING:
    from roles.network.settings import NetworkSettings

#: The least MTU of IPv6 (RFC 8200, section 5); below it the kernel turns IPv6 off.
IPV6_MTU_BYTES = 1280


def mtu_faults(settings: NetworkSettings) -> Iterator[Fault]:
    """Yield MTUs that cannot work."""
    yield from _ipv6(settings)
    yield from _vlans(settings)
    yield from _members(settings)


def _ipv6(settings: NetworkSettings) -> Iterator[Fault]:
    for path, device in settings.devices:
        has_ipv6 = device.dhcp6 or any(i.version == 6 for i in device.interfaces_with_prefix)
        if has_ipv6 and device.mtu is not None and device.mtu < IPV6_MTU_BYTES:
            yield Fault(
                (*path, "mtu"),
                device.mtu,
                "IPv6 does not work below an MTU of 1280 bytes",
                "set 1280 or more, or remove the IPv6 addressing",
            )


def _vlans(settings: NetworkSettings) -> Iterator[Fault]:
    for key, vlan in settings.vlans.items():
        link = settings.ethernets.get(vlan.link) or settings.bonds.get(vlan.link)
        if link is None or vlan.mtu is None:
            continue
        carried = ETHERNET_MTU_BYTES if link.mtu is None else link.mtu
        if vlan.mtu > carried:
            yield Fault(
                ("vlans", key, "mtu"),
                vlan.mtu,
                f"its link {vlan.link} carries {carried} bytes",
                f"set mtu of {vlan.link} to {vlan.mtu} or more, or lower this one",
            )


def _members(settings: NetworkSettings) -> Iterator[Fault]:
    """The kernel gives every member the bond's MTU, so a different one is never in force."""
    for key, bond in settings.bonds.items():
        for member in bond.interfaces:
            ethernet = settings.ethernets.get(member)
            if ethernet is None or ethernet.mtu is None:
                continue
            wanted = ETHERNET_MTU_BYTES if bond.mtu is None else bond.mtu
            if ethernet.mtu != wanted:
                yield Fault(
                    ("ethernets", member, "mtu"),
                    ethernet.mtu,
                    f"bond {key} gives its members its own MTU, {wanted}",
                    f"set mtu of bonds.{key}, and leave this one out",
                )
