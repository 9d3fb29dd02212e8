"""Whether the static addresses of one host can live together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from roles.network.faults import Fault
from roles.network.values import Interface

if TYPE_CHECKING:
    from roles.network.settings import NetworkSettings

Path = tuple[str | int, ...]


def address_faults(settings: NetworkSettings) -> Iterator[Fault]:
    """Yield addresses declared twice, and devices whose subnets overlap."""
    addresses = tuple(_addresses(settings))
    for position, (path, interface) in enumerate(addresses):
        for other_path, other in addresses[:position]:
            where = ".".join(str(part) for part in other_path)
            if interface.ip == other.ip:
                yield Fault(
                    path,
                    str(interface),
                    f"{where} is the same address",
                    "an address is on one device, once",
                )
            elif other_path[:2] != path[:2] and _overlap(interface, other):
                yield Fault(
                    path,
                    str(interface),
                    f"its subnet overlaps {where} ({other}), so replies may leave by the other "
                    "device",
                    "give each device a subnet of its own, or join the two in a bond",
                )


def _addresses(settings: NetworkSettings) -> Iterator[tuple[Path, Interface]]:
    for path, device in settings.devices:
        for position, interface in enumerate(device.interfaces_with_prefix):
            yield (*path, "addresses", position), interface


def _overlap(one: Interface, other: Interface) -> bool:
    """Say whether two subnets share addresses; a single address or a link-local one does not."""
    if one.version != other.version or one.is_link_local or other.is_link_local:
        return False
    networks = (one.network, other.network)
    if any(network.num_addresses == 1 for network in networks):
        return False
    return networks[0].overlaps(networks[1])
