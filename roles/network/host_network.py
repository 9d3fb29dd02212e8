"""What a host has: its interfaces, and who configures them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Renderer = Literal["networkd", "NetworkManager"]
Kind = Literal["ethernet", "wireless", "bond", "vlan", "bridge", "other"]


@dataclass(frozen=True, slots=True)
class HostInterface:
    """One interface. ``mac`` is the permanent one, lower case; ``lower`` names what it is made of.

    ``has_set_name``: netplan gave it its name, and without that it has another after a reboot.
    ``other`` is every device that no declaration of ours is about: tunnels, containers' pairs.
    """

    name: str
    kind: Kind
    mac: str | None = None
    driver: str | None = None
    lower: tuple[str, ...] = ()
    has_set_name: bool = False


@dataclass(frozen=True, slots=True)
class HostNetwork:
    """The interfaces of a host and the renderer in use, None where it is neither of the two."""

    interfaces: tuple[HostInterface, ...]
    renderer: Renderer | None

    def interface(self, name: str) -> HostInterface | None:
        """Return the interface of a name, or None."""
        return next((i for i in self.interfaces if i.name == name), None)

    @property
    def wired(self) -> tuple[HostInterface, ...]:
        """Return the Ethernet interfaces."""
        return tuple(i for i in self.interfaces if i.kind == "ethernet")
