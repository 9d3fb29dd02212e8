"""What can be declared of one network device: an Ethernet interface, a bond or a VLAN."""

from __future__ import annotations

from ipaddress import ip_address, ip_interface, ip_network
from typing import Annotated, Literal

from pydantic import Field, model_validator

from deeprig.role import RoleSettings
from roles.network.values import (
    DEFAULT,
    Destination,
    DeviceName,
    Domain,
    Family,
    HostAddress,
    Interface,
    InterfaceAddress,
    MacAddress,
    NamePattern,
    family_of,
)

#: The least MTU of IPv4 (RFC 791) and the largest a device can say.
Mtu = Annotated[int, Field(ge=68, le=65535)]
RouteMetric = Annotated[int, Field(ge=1, le=4294967295)]
#: NetworkManager and netplan give Wi-Fi the metric 600: a wired default route stays below it.
WIFI_METRIC = 600
WIRED_METRIC = 100
WiredMetric = Annotated[int, Field(ge=1, lt=WIFI_METRIC)]
ETHERNET_MTU_BYTES = 1500
#: Modes of a bond that know a preferred member (kernel: bonding.rst, "primary").
MODES_WITH_PRIMARY = ("active-backup", "balance-tlb", "balance-alb")
LACP_MODE = "802.3ad"
HashPolicy = Literal["layer2", "layer3+4", "layer2+3", "encap2+3", "encap3+4"]
MODES_WITH_HASH = ("balance-xor", LACP_MODE, "balance-tlb")


class Route(RoleSettings):
    """A route through a device."""

    to: Destination = Field(description="'default', or the network it leads to (10.20.0.0/16).")
    via: HostAddress = Field(description="Address of the gateway.")
    metric: RouteMetric | None = Field(
        None, description="Lower is preferred. Default: the device's metric."
    )
    on_link: bool = Field(
        False, description="The gateway is reached directly, though it is in no subnet of ours."
    )

    @model_validator(mode="after")
    def _families_agree(self) -> Route:
        if self.to != DEFAULT and family_of(ip_network(self.to)) != self.family:
            raise ValueError(f"{self.to} cannot be reached via {self.via}: one is IPv4, one IPv6")
        return self

    @property
    def family(self) -> Family:
        """Return 4 or 6, by the gateway."""
        return family_of(ip_address(self.via))

    @property
    def is_default(self) -> bool:
        """Say whether it leads everywhere."""
        return self.to in (DEFAULT, "0.0.0.0/0", "::/0")


class Device(RoleSettings):
    """What every device can have: addresses, routes, name servers, MTU."""

    dhcp4: bool = Field(False, description="Ask for an IPv4 address by DHCP.")
    dhcp6: bool = Field(False, description="Ask for an IPv6 address by DHCP.")
    accept_ra: bool | None = Field(
        None, description="Take IPv6 router advertisements. Default: as the host's renderer does."
    )
    addresses: tuple[InterfaceAddress, ...] = Field(
        (), description="Static addresses, IPv4 and IPv6, each with its prefix length."
    )
    routes: tuple[Route, ...] = Field((), description="Static routes through this device.")
    metric: WiredMetric = Field(
        WIRED_METRIC,
        description="Metric of its default routes, by DHCP or static. Lower is preferred; below "
        "600, so that wired comes before Wi-Fi.",
    )
    dhcp_default_route: bool = Field(
        True, description="Take routes from DHCP. False: only its address (a second network)."
    )
    nameservers: tuple[HostAddress, ...] = Field((), description="Addresses of name servers.")
    search: tuple[Domain, ...] = Field((), description="Domains that short names are looked up in.")
    mtu: Mtu | None = Field(
        None, description="Largest packet in bytes. Default: what the device has."
    )
    mtu_probe_to: HostAddress | None = Field(
        None,
        description="Address that verify's packet of the full MTU must reach in one piece. "
        "Default: the device's gateway.",
    )
    optional: bool | None = Field(
        None, description="Do not wait for this device when booting (networkd only)."
    )
    critical: bool | None = Field(
        None, description="Keep its address when the network daemon restarts (networkd only)."
    )

    @property
    def interfaces_with_prefix(self) -> tuple[Interface, ...]:
        """Return the static addresses, parsed."""
        return tuple(ip_interface(address) for address in self.addresses)

    @property
    def has_addressing(self) -> bool:
        """Say whether it gets any address by this declaration."""
        return self.dhcp4 or self.dhcp6 or bool(self.addresses) or self.accept_ra is True

    def has_dhcp(self, family: Family) -> bool:
        """Say whether DHCP of a family is on."""
        return self.dhcp4 if family == 4 else self.dhcp6

    def metric_of(self, route: Route) -> int:
        """Return a route's metric: its own, else the device's."""
        return self.metric if route.metric is None else route.metric


class Ethernet(Device):
    """A wired interface. Without mac, name or match, its key is the interface's name."""

    mac: MacAddress | None = Field(None, description="The interface with this MAC address.")
    name: DeviceName | None = Field(None, description="The interface with this name.")
    match: NamePattern | None = Field(
        None, description="All wired interfaces whose name fits this pattern, such as enp*."
    )
    wakeonlan: bool | None = Field(None, description="Whether the host can be woken over it.")
    receive_checksum_offload: bool | None = Field(None, description="Offload (networkd only).")
    transmit_checksum_offload: bool | None = Field(None, description="Offload (networkd only).")
    tcp_segmentation_offload: bool | None = Field(None, description="Offload (networkd only).")
    generic_segmentation_offload: bool | None = Field(None, description="Offload (networkd only).")
    generic_receive_offload: bool | None = Field(None, description="Offload (networkd only).")
    large_receive_offload: bool | None = Field(None, description="Offload (networkd only).")
    expected_speed_mbps: int | None = Field(
        None, ge=10, le=1_600_000, description="Least speed that verify accepts, in Mbit/s."
    )

    @model_validator(mode="after")
    def _one_way_to_match(self) -> Ethernet:
        ways = [way for way in ("mac", "name", "match") if getattr(self, way) is not None]
        if len(ways) > 1:
            raise ValueError(f"{' and '.join(ways)} both say which interface is meant: keep one")
        return self

    @property
    def offloads(self) -> tuple[tuple[str, bool], ...]:
        """Return the declared offloads as (setting's name, whether on)."""
        fields = (name for name in Ethernet.model_fields if name.endswith("_offload"))
        return tuple((name, value) for name in fields if (value := getattr(self, name)) is not None)

    @property
    def has_link_settings(self) -> bool:
        """Say whether udev must set something; that works reliably for a MAC address only."""
        return self.mtu is not None or self.wakeonlan is not None or bool(self.offloads)


class Bond(Device):
    """Several wired interfaces as one."""

    interfaces: tuple[str, ...] = Field(
        min_length=1, description="Keys of its members, declared in ethernets."
    )
    mode: Literal[
        "balance-rr",
        "active-backup",
        "balance-xor",
        "broadcast",
        "802.3ad",
        "balance-tlb",
        "balance-alb",
    ] = Field("active-backup", description="How members share the work. 802.3ad is LACP.")
    primary: str | None = Field(None, description="The member that is used while it works.")
    miimon_milliseconds: int = Field(
        100, ge=1, le=60_000, description="How often the members' carriers are looked at."
    )
    lacp_rate: Literal["slow", "fast"] | None = Field(
        None, description="802.3ad only: how often the switch is asked."
    )
    transmit_hash_policy: HashPolicy | None = Field(
        None, description="balance-xor, 802.3ad, balance-tlb: which packets share a member."
    )


class Vlan(Device):
    """A tagged network on an Ethernet interface or a bond."""

    id: int = Field(ge=1, le=4094, description="The VLAN's number.")
    link: str = Field(description="Key of the Ethernet interface or bond it is on.")
