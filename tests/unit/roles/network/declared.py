"""Declarations and hosts for the tests of the network role."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from roles.network.host_network import HostInterface, HostNetwork, Renderer
from roles.network.settings import NetworkSettings

LAN_MAC = "3c:ec:ef:01:02:03"
SECOND_MAC = "3c:ec:ef:01:02:04"
WIFI_MAC = "3c:ec:ef:01:02:05"


def network(**values: Any) -> NetworkSettings:
    return NetworkSettings.model_validate(values)


def faults(**values: Any) -> dict[str, str]:
    """Return path -> text of every fault of a declaration that must not be accepted."""
    try:
        NetworkSettings.model_validate(values)
    except ValidationError as error:
        found = error.errors(include_url=False)
        return {".".join(str(part) for part in f["loc"]): f["msg"] for f in found}
    return {}


def host(renderer: Renderer | None = "networkd", *more: HostInterface) -> HostNetwork:
    return HostNetwork(
        (
            HostInterface("lo", "other"),
            HostInterface("enp3s0", "ethernet", LAN_MAC, "igb"),
            HostInterface("enp4s0", "ethernet", SECOND_MAC, "igb"),
            HostInterface("wlp5s0", "wireless", WIFI_MAC, "iwlwifi"),
            *more,
        ),
        renderer,
    )


#: Everything that can be declared, in declarations that are sound.
DECLARATIONS: dict[str, dict[str, Any]] = {
    "dhcp": {"ethernets": {"enp3s0": {"dhcp4": True, "dhcp6": True}}},
    "dhcp-by-mac": {"ethernets": {"lan": {"mac": LAN_MAC, "dhcp4": True, "metric": 200}}},
    "dhcp-by-pattern": {"ethernets": {"wired": {"match": "enp*", "dhcp4": True}}},
    "dhcp-second-network": {
        "ethernets": {
            "enp3s0": {"dhcp4": True},
            "enp4s0": {"dhcp4": True, "dhcp_default_route": False, "optional": True},
        }
    },
    "advertised": {"ethernets": {"enp3s0": {"accept_ra": True}}},
    "static": {
        "ethernets": {
            "lan": {
                "mac": LAN_MAC,
                "addresses": ["192.0.2.11/24", "2001:db8:1::11/64"],
                "routes": [
                    {"to": "default", "via": "192.0.2.1"},
                    {"to": "default", "via": "fe80::1"},
                    {"to": "10.20.0.0/16", "via": "192.0.2.2", "metric": 50},
                    {"to": "198.51.100.0/24", "via": "203.0.113.1", "on_link": True},
                ],
                "nameservers": ["192.0.2.53", "2001:db8:1::53"],
                "search": ["lab.example.org"],
                "mtu": 9000,
                "wakeonlan": True,
                "critical": True,
                "accept_ra": False,
            }
        }
    },
    "bond": {
        "ethernets": {"left": {"mac": LAN_MAC}, "right": {"mac": SECOND_MAC}},
        "bonds": {
            "bond0": {
                "interfaces": ["left", "right"],
                "primary": "left",
                "addresses": ["192.0.2.11/24"],
                "routes": [{"to": "default", "via": "192.0.2.1"}],
                "mtu": 9000,
            }
        },
    },
    "lacp-with-vlan": {
        "ethernets": {"enp3s0": {}, "enp4s0": {}},
        "bonds": {
            "bond0": {
                "interfaces": ["enp3s0", "enp4s0"],
                "mode": "802.3ad",
                "lacp_rate": "fast",
                "transmit_hash_policy": "layer3+4",
            }
        },
        "vlans": {"storage": {"id": 20, "link": "bond0", "addresses": ["10.20.0.11/16"]}},
    },
    "vlan": {
        "ethernets": {"lan": {"mac": LAN_MAC, "dhcp4": True, "mtu": 9000}},
        "vlans": {
            "storage": {"id": 20, "link": "lan", "addresses": ["10.20.0.11/16"], "mtu": 8996}
        },
    },
}
