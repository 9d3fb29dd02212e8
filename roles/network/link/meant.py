"""Which interfaces of the host each declared device is, and which of them can be judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from roles.network.devices import Device, Ethernet
from roles.network.host_network import HostNetwork
from roles.network.link.reading import Link
from roles.network.matching import interfaces_of
from roles.network.settings import NetworkSettings


@dataclass(frozen=True, slots=True)
class Meant:
    """A declared device and its interfaces, by name; none where the host has no such one.

    ``may_be_unplugged``: a missing cable is no fault. True for an optional device, and for a
    pattern of which another interface is plugged in.
    """

    key: str
    device: Device
    names: tuple[str, ...]
    may_be_unplugged: bool = False

    def links(self, links: Mapping[str, Link]) -> tuple[Link, ...]:
        """Return the links to judge: all that are there, but for those rightly unplugged."""
        found = (links[name] for name in self.names if name in links)
        return tuple(link for link in found if link.is_working or not self.may_be_unplugged)


def meant_devices(
    settings: NetworkSettings, host: HostNetwork, links: Mapping[str, Link]
) -> tuple[Meant, ...]:
    """Return every declared device with its interfaces."""
    return tuple(
        _ethernet(key, device, host, links)
        if isinstance(device, Ethernet)
        else Meant(key, device, (key,), device.optional is True)
        for (_, key), device in settings.devices
    )


def _ethernet(key: str, ethernet: Ethernet, host: HostNetwork, links: Mapping[str, Link]) -> Meant:
    names = tuple(interface.name for interface in interfaces_of(key, ethernet, host))
    # A pattern means whatever is plugged in: a server has more ports than cables.
    has_another = ethernet.match is not None and any(
        links[name].is_working for name in names if name in links
    )
    return Meant(key, ethernet, names, ethernet.optional is True or has_another)


def interface_names(meant: tuple[Meant, ...]) -> frozenset[str]:
    """Return the names of all interfaces that are declared."""
    return frozenset(name for device in meant for name in device.names)
