"""The links and addresses of a host as ``ip -json -details address show`` tells them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from roles.network.link.asking import Asked, Unreadable, run_json

LINKS_COMMAND = "ip -json -details address show"


@dataclass(frozen=True, slots=True)
class LinkAddress:
    """One address of a link.

    ``is_from_network``: it came by DHCP or advertisement. ``is_tentative``: IPv6 still looks for
    another machine that has it; ``is_duplicate``: it found one (RFC 4862).
    """

    address: str
    prefix: int
    scope: str
    is_from_network: bool = False
    is_tentative: bool = False
    is_duplicate: bool = False

    @property
    def text(self) -> str:
        """Return address, prefix length and what is the matter with it."""
        words = [f"{self.address}/{self.prefix}"]
        words += ["(from the network)"] if self.is_from_network else []
        words += ["(duplicate)"] if self.is_duplicate else []
        words += ["(tentative)"] if self.is_tentative and not self.is_duplicate else []
        return " ".join(words)

    @property
    def family(self) -> int:
        """Return 4 or 6."""
        return 6 if ":" in self.address else 4


@dataclass(frozen=True, slots=True)
class Link:
    """One interface: ``has_carrier`` says that the other end of the cable is alive.

    ``details`` is what `ip` tells of its kind, ``membership`` of it as a member of its master.
    """

    name: str
    is_up: bool
    has_carrier: bool
    mtu_bytes: int
    addresses: tuple[LinkAddress, ...] = ()
    kind: str | None = None
    master: str | None = None
    parent: str | None = None
    details: Mapping[str, Any] | None = None
    membership: Mapping[str, Any] | None = None

    @property
    def is_working(self) -> bool:
        """Say whether packets can go out."""
        return self.is_up and self.has_carrier

    @property
    def state(self) -> str:
        """Say in words whether it works."""
        if not self.is_up:
            return f"{self.name} is down"
        return f"{self.name} is up, {'with' if self.has_carrier else 'without'} carrier"


def read_links(host: Asked) -> dict[str, Link]:
    """Return every link by its name. Raise Unreadable where the host does not tell."""
    told = run_json(host, LINKS_COMMAND)
    try:
        # `ip` prints an empty object for what a filter leaves out.
        links = [_link(entry) for entry in told if entry]
    except (KeyError, TypeError, AttributeError) as error:
        raise Unreadable(f"`{LINKS_COMMAND}` is not as expected: {error!r}") from error
    return {link.name: link for link in links}


def _link(told: Mapping[str, Any]) -> Link:
    info, flags = told.get("linkinfo", {}), told["flags"]
    return Link(
        name=told["ifname"],
        is_up="UP" in flags,
        # IFF_LOWER_UP is the driver's own word (netdevice(7)); a bond or VLAN has its parents'.
        has_carrier="LOWER_UP" in flags,
        mtu_bytes=told["mtu"],
        addresses=tuple(_address(a) for a in told.get("addr_info", ()) if "local" in a),
        kind=info.get("info_kind"),
        master=told.get("master"),
        parent=told.get("link"),
        details=info.get("info_data"),
        membership=info.get("info_slave_data"),
    )


def _address(told: Mapping[str, Any]) -> LinkAddress:
    # An address with an endless lease is not "dynamic"; newer kernels then tell its protocol.
    is_leased = told.get("protocol") in ("dhcp", "ra", "kernel_ra")
    return LinkAddress(
        address=told["local"],
        prefix=told["prefixlen"],
        scope=told["scope"],
        is_from_network=bool(told.get("dynamic")) or is_leased,
        is_tentative=bool(told.get("tentative")),
        is_duplicate=bool(told.get("dadfailed")),
    )
