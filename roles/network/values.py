"""The words of a network declaration: MAC addresses, IP addresses, networks, names.

Each is parsed once, here, and kept as the text that netplan reads; the messages name the form that
is wanted. Sources: netplan-yaml(5), ip-link(8) for what the kernel takes as a name.
"""

from __future__ import annotations

import re
from ipaddress import (
    IPv4Address,
    IPv4Interface,
    IPv4Network,
    IPv6Address,
    IPv6Interface,
    IPv6Network,
    ip_address,
    ip_interface,
    ip_network,
)
from typing import Annotated, Literal

from pydantic import AfterValidator

Address = IPv4Address | IPv6Address
Interface = IPv4Interface | IPv6Interface
Network = IPv4Network | IPv6Network
Family = Literal[4, 6]

DEFAULT = "default"

#: The kernel's IFNAMSIZ is 16 bytes with the closing zero (linux/if.h).
LONGEST_NAME = 15
_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_GLOB = re.compile(r"[A-Za-z0-9._*?\[\]-]+")
_DOMAIN = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(\.(?!-)[A-Za-z0-9_-]{1,63})*\.?")


def family_of(value: Address | Interface | Network) -> Family:
    """Return 4 or 6."""
    return 4 if value.version == 4 else 6


def _mac(value: str) -> str:
    text = value.lower().replace("-", ":")
    if not _MAC.fullmatch(text):
        raise ValueError("this is no MAC address (such as 3c:ec:ef:01:02:03)")
    if int(text[:2], 16) & 1:
        raise ValueError("this is a group's MAC address, which no interface has")
    if text == "00:00:00:00:00:00":
        raise ValueError("no interface has this MAC address")
    return text


def _device_name(value: str) -> str:
    if not _NAME.fullmatch(value) or len(value) > LONGEST_NAME:
        raise ValueError(
            f"this is no interface name (letters, digits, '.', '_', '-'; at most {LONGEST_NAME})"
        )
    if value in ("lo", "all", "default", "renderer"):
        raise ValueError("this name means something else to the kernel or to netplan: choose one")
    return value


def _glob(value: str) -> str:
    if not _GLOB.fullmatch(value) or not any(mark in value for mark in "*?["):
        raise ValueError("this is no pattern of interface names (such as enp*); else set name")
    return value


def _interface(value: str) -> str:
    if "/" not in value:
        raise ValueError("the prefix length is missing (such as 192.0.2.11/24)")
    try:
        parsed = ip_interface(value)
    except ValueError:
        raise ValueError("this is no address with a prefix length (192.0.2.11/24)") from None
    reason = _not_for_a_host(parsed)
    if reason is not None:
        raise ValueError(reason)
    return parsed.with_prefixlen


def _not_for_a_host(parsed: Interface) -> str | None:
    address, network = parsed.ip, parsed.network
    if address.is_unspecified or address.is_loopback or address.is_multicast:
        return "this address is not for an interface of a host"
    if network.prefixlen == 0:
        return "a prefix length of 0 would make the whole Internet this interface's subnet"
    if network.prefixlen >= network.max_prefixlen - 1:
        return None  # /31, /32, /127, /128 have no network or broadcast address (RFC 3021, 6164)
    if family_of(parsed) == 4 and address == network.network_address:
        return f"this is the address of the network {network} itself, not of a host in it"
    if family_of(parsed) == 4 and address == network.broadcast_address:
        return f"this is the broadcast address of {network}, not a host's"
    return None


def _address(value: str) -> str:
    try:
        parsed = ip_address(value)
    except ValueError:
        raise ValueError("this is no IP address (such as 192.0.2.1, without a prefix)") from None
    if parsed.is_unspecified or parsed.is_multicast:
        raise ValueError("this address is not one host's")
    return str(parsed)


def _destination(value: str) -> str:
    if value in (DEFAULT, "0.0.0.0/0", "::/0"):
        return value
    try:
        return str(ip_network(value))
    except ValueError as error:
        raise ValueError(
            f"this is no destination ('default', or a network such as 10.20.0.0/16): {error}"
        ) from None


def _domain(value: str) -> str:
    if not _DOMAIN.fullmatch(value):
        raise ValueError("this is no domain name (such as lab.example.org)")
    return value


MacAddress = Annotated[str, AfterValidator(_mac)]
DeviceName = Annotated[str, AfterValidator(_device_name)]
NamePattern = Annotated[str, AfterValidator(_glob)]
InterfaceAddress = Annotated[str, AfterValidator(_interface)]
HostAddress = Annotated[str, AfterValidator(_address)]
Destination = Annotated[str, AfterValidator(_destination)]
Domain = Annotated[str, AfterValidator(_domain)]
