"""Each rule of a network declaration, by one that keeps it and one that breaks it."""

from __future__ import annotations

from typing import Any

import pytest

from roles.network.across import problems_across
from tests.unit.roles.network.declared import DECLARATIONS, LAN_MAC, SECOND_MAC, faults, network


def lan(**values: Any) -> dict[str, Any]:
    return {"ethernets": {"lan": {"name": "enp3s0", **values}}}


def two(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    return {"ethernets": {"enp3s0": first, "enp4s0": second}}


def bond(member: dict[str, Any] | None = None, **values: Any) -> dict[str, Any]:
    ethernets = {"enp3s0": member or {}, "enp4s0": {}}
    return {
        "ethernets": ethernets,
        "bonds": {"bond0": {"interfaces": ["enp3s0", "enp4s0"], "dhcp4": True, **values}},
    }


def vlan(link: dict[str, Any] | None = None, **values: Any) -> dict[str, Any]:
    return {
        "ethernets": {"enp3s0": {"dhcp4": True, **(link or {})}},
        "vlans": {"storage": {"id": 20, "link": "enp3s0", "addresses": ["10.0.0.2/24"], **values}},
    }


GATEWAY = {"to": "default", "via": "192.0.2.1"}
STATIC = {"addresses": ["192.0.2.11/24"]}

#: Declaration, where the fault is, words of it. Each has a sound neighbour in SOUND.
BROKEN: list[tuple[dict[str, Any], str, str]] = [
    (lan(addresses=["192.0.2.11"]), "ethernets.lan.addresses.0", "prefix length is missing"),
    (lan(addresses=["192.0.2.300/24"]), "ethernets.lan.addresses.0", "no address"),
    (lan(addresses=["192.0.2.0/24"]), "ethernets.lan.addresses.0", "of the network"),
    (lan(addresses=["192.0.2.255/24"]), "ethernets.lan.addresses.0", "broadcast"),
    (lan(addresses=["127.0.0.1/8"]), "ethernets.lan.addresses.0", "not for an interface"),
    (lan(addresses=["192.0.2.11/0"]), "ethernets.lan.addresses.0", "whole Internet"),
    (lan(**STATIC, nameservers=["dns.example"]), "ethernets.lan.nameservers.0", "no IP address"),
    (lan(**STATIC, search=["lab example"]), "ethernets.lan.search.0", "no domain"),
    (
        {"ethernets": {"lan": {"mac": "3c:ec:ef:01:02", "dhcp4": True}}},
        "ethernets.lan.mac",
        "no MAC",
    ),
    (
        {"ethernets": {"lan": {"mac": "01:00:5e:00:00:01", "dhcp4": True}}},
        "ethernets.lan.mac",
        "group",
    ),
    (lan(mac=LAN_MAC, dhcp4=True), "ethernets.lan", "mac and name"),
    ({"ethernets": {"lan": {"match": "enp3s0", "dhcp4": True}}}, "ethernets.lan.match", "pattern"),
    (
        {"ethernets": {"a" * 16: {"dhcp4": True}}},
        f"ethernets.{'a' * 16}.[key]",
        "no interface name",
    ),
    (lan(dhcp4=True, mtu=67), "ethernets.lan.mtu", "greater than or equal to 68"),
    (lan(dhcp6=True, mtu=1279), "ethernets.lan.mtu", "1280"),
    (lan(dhcp4=True, metric=600), "ethernets.lan.metric", "less than 600"),
    (lan(dhcp4=True, expected_speed_mbps=0), "ethernets.lan.expected_speed_mbps", "10"),
    (lan(), "ethernets.lan", "no address"),
    (
        lan(**STATIC, routes=[{"to": "default", "via": "192.0.3.1"}]),
        "ethernets.lan.routes.0.via",
        "192.0.2.0/24",
    ),
    (
        lan(**STATIC, routes=[{"to": "default", "via": "192.0.2.11"}]),
        "ethernets.lan.routes.0.via",
        "own address",
    ),
    (
        lan(**STATIC, routes=[{"to": "2001:db8::/32", "via": "192.0.2.1"}]),
        "ethernets.lan.routes.0",
        "IPv6",
    ),
    (
        lan(**STATIC, routes=[{"to": "10.1.2.3/16", "via": "192.0.2.1"}]),
        "ethernets.lan.routes.0.to",
        "host bits",
    ),
    (
        lan(**STATIC, routes=[{**GATEWAY, "metric": 600}]),
        "ethernets.lan.routes.0.metric",
        "Wi-Fi",
    ),
    (
        lan(**STATIC, routes=[{"to": "10.1.0.0/16", "via": f"192.0.2.{n}"} for n in (1, 2)]),
        "ethernets.lan.routes.1",
        "same destination",
    ),
    (
        two({"dhcp4": True}, {"dhcp4": True}),
        "ethernets.enp4s0.dhcp4",
        "same metric 100",
    ),
    (
        two({**STATIC, "routes": [GATEWAY]}, {"dhcp4": True}),
        "ethernets.enp4s0.dhcp4",
        "same metric 100",
    ),
    (two(STATIC, {"addresses": ["192.0.2.12/24"]}), "ethernets.enp4s0.addresses.0", "overlaps"),
    (two(STATIC, STATIC), "ethernets.enp4s0.addresses.0", "same address"),
    (lan(addresses=["192.0.2.11/24"] * 2), "ethernets.lan.addresses.1", "same address"),
    (
        {"ethernets": {"a": {"mac": LAN_MAC, "dhcp4": True}, "b": {"mac": LAN_MAC, **STATIC}}},
        "ethernets.b",
        "same interface",
    ),
    (
        {"ethernets": {"wired": {"match": "enp*", **STATIC}}},
        "ethernets.wired.addresses",
        "several interfaces",
    ),
    (
        {"ethernets": {"wired": {"match": "enp*", "dhcp4": True, "mtu": 9000}}},
        "ethernets.wired.mtu",
        "several interfaces",
    ),
    (
        bond(interfaces=["enp3s0", "enp4s0", "enp9s0"]),
        "bonds.bond0.interfaces.2",
        "no such Ethernet",
    ),
    (
        bond(interfaces=["enp3s0", "enp4s0", "enp3s0"]),
        "bonds.bond0.interfaces.2",
        "already a member",
    ),
    (bond(interfaces=[]), "bonds.bond0.interfaces", "at least 1"),
    (bond({"dhcp4": True}, dhcp4=False, **STATIC), "ethernets.enp3s0.dhcp4", "member of bond"),
    (bond({"mtu": 9000}), "ethernets.enp3s0.mtu", "1500"),
    (bond(primary="enp9s0"), "bonds.bond0.primary", "no member"),
    (bond(mode="802.3ad", primary="enp3s0"), "bonds.bond0.primary", "no primary"),
    (bond(lacp_rate="fast"), "bonds.bond0.lacp_rate", "no LACP"),
    (bond(transmit_hash_policy="layer2"), "bonds.bond0.transmit_hash_policy", "hash"),
    (bond(mode="fastest"), "bonds.bond0.mode", "active-backup"),
    (
        {
            "ethernets": {"enp3s0": {}},
            "bonds": {
                "a": {"interfaces": ["enp3s0"], "dhcp4": True},
                "b": {"interfaces": ["enp3s0"], **STATIC},
            },
        },
        "bonds.b.interfaces.0",
        "already a member of a",
    ),
    (
        {"ethernets": {"enp3s0": {}}, "bonds": {"enp3s0": {"interfaces": ["enp3s0"], **STATIC}}},
        "bonds.enp3s0",
        "two devices",
    ),
    (
        {
            "ethernets": {"lan": {"name": "enp3s0"}},
            "bonds": {"enp3s0": {"interfaces": ["lan"], "dhcp4": True}},
        },
        "bonds.enp3s0",
        "Ethernet interface has this name",
    ),
    (vlan(link={"mtu": 1500}, mtu=9000), "vlans.storage.mtu", "carries 1500"),
    (vlan(mtu=1501), "vlans.storage.mtu", "carries 1500"),
    (vlan(id=4095), "vlans.storage.id", "4094"),
    (vlan(addresses=[]), "vlans.storage", "no address"),
    (
        {"vlans": {"storage": {"id": 20, "link": "lan", "dhcp4": True}}},
        "vlans.storage.link",
        "no such Ethernet",
    ),
    (
        {
            "ethernets": {"wired": {"match": "enp*", "dhcp4": True}},
            "vlans": {"storage": {"id": 20, "link": "wired", "addresses": ["10.0.0.2/24"]}},
        },
        "vlans.storage.link",
        "several interfaces",
    ),
    (
        {**bond(), "vlans": {"v": {"id": 2, "link": "enp3s0", "addresses": ["10.0.0.2/24"]}}},
        "vlans.v.link",
        "set link to bond0",
    ),
    (
        {
            "ethernets": {"enp3s0": {"dhcp4": True}},
            "vlans": {
                name: {"id": 20, "link": "enp3s0", "addresses": [address]}
                for name, address in (("a", "10.0.0.2/24"), ("b", "10.1.0.2/24"))
            },
        },
        "vlans.b.id",
        "same VLAN",
    ),
    ({**lan(**STATIC), "management_address": "192.0.2.12"}, "management_address", "no declared"),
    ({**lan(**STATIC), "management_address": "192.0.2.12/24"}, "management_address", "no IP"),
    ({**lan(**STATIC), "confirm_seconds": 10}, "confirm_seconds", "45"),
    (
        {**lan(**STATIC, large_receive_offload=False), "renderer": "NetworkManager"},
        "ethernets.lan.large_receive_offload",
        "NetworkManager",
    ),
]


@pytest.mark.parametrize(("declaration", "path", "words"), BROKEN, ids=lambda v: str(v)[:60])
def test_a_broken_rule_is_refused_at_its_setting_and_there_only(declaration, path, words):
    found = faults(**declaration)
    assert list(found) == [path]
    assert words in found[path]


SOUND: list[dict[str, Any]] = [
    lan(addresses=["192.0.2.11/31", "192.0.2.20/32", "2001:db8::1/127"]),
    lan(addresses=["192.0.2.11/24", "192.0.2.12/24"]),
    lan(**STATIC, routes=[GATEWAY], dhcp6=True, mtu=1280),
    lan(**STATIC, routes=[{"to": "default", "via": "fe80::1"}]),
    lan(**STATIC, routes=[{"to": "default", "via": "203.0.113.1", "on_link": True}]),
    lan(dhcp4=True, routes=[{"to": "10.1.0.0/16", "via": "192.0.2.1"}]),
    lan(**STATIC, routes=[{"to": "10.1.0.0/16", "via": "192.0.2.1", "metric": 700}]),
    two({"dhcp4": True}, {"dhcp4": True, "metric": 200}),
    two({"dhcp4": True}, {"dhcp4": True, "dhcp_default_route": False}),
    two({**STATIC, "routes": [GATEWAY]}, {"addresses": ["198.51.100.11/24"]}),
    two(STATIC, {"addresses": ["192.0.2.12/32"]}),
    bond({"wakeonlan": True}, primary="enp3s0", mtu=9000),
    bond({"mtu": 9000}, mtu=9000),
    bond(mode="802.3ad", lacp_rate="fast", transmit_hash_policy="layer3+4"),
    vlan(link={"mtu": 9000}, mtu=9000),
    {**lan(**STATIC), "management_address": "192.0.2.11"},
    {**lan(dhcp4=True), "management_address": "192.0.2.12"},
    {**lan(**STATIC, large_receive_offload=False), "renderer": "networkd"},
    {},
    *DECLARATIONS.values(),
]


@pytest.mark.parametrize("declaration", SOUND, ids=lambda v: str(v)[:60])
def test_a_sound_declaration_is_accepted(declaration):
    assert faults(**declaration) == {}


def test_every_fault_is_told_not_only_the_first():
    found = faults(
        **two({**STATIC, "routes": [{"to": "default", "via": "10.0.0.1"}]}, STATIC),
        management_address="203.0.113.9",
    )
    assert set(found) == {
        "ethernets.enp3s0.routes.0.via",
        "ethernets.enp4s0.addresses.0",
        "management_address",
    }


def test_braces_in_a_value_do_not_disturb_the_message():
    found = faults(**lan(**STATIC), vlans={"v": {"id": 1, "link": "{lan}", "dhcp4": True}})
    assert "no such Ethernet interface or bond" in found["vlans.v.link"]


def test_nothing_declared_leaves_the_network_alone():
    assert not network().is_declared
    assert network(**DECLARATIONS["dhcp"]).is_declared


def test_a_mac_address_is_understood_in_either_spelling():
    settings = network(ethernets={"lan": {"mac": "3C-EC-EF-01-02-03", "dhcp4": True}})
    assert settings.ethernets["lan"].mac == LAN_MAC


def _named(mac: str, address: str) -> dict[str, Any]:
    return {"ethernets": {"lan": {"mac": mac, "addresses": [address]}}}


def test_two_hosts_with_an_address_or_a_mac_in_common_are_refused():
    problems = problems_across(
        {
            "ada": network(**_named(LAN_MAC, "192.0.2.11/24")),
            "grace": network(**_named(LAN_MAC, "192.0.2.11/25")),
        }
    )
    assert [problem.place for problem in problems] == [
        "grace: network.ethernets.lan.addresses.0",
        "grace: network.ethernets.lan.mac",
    ]
    assert all("ada has" in problem.reason and problem.remedy for problem in problems)


def test_a_management_address_that_is_another_hosts_is_refused():
    (problem,) = problems_across(
        {
            "ada": network(**_named(LAN_MAC, "192.0.2.11/24")),
            "grace": network(
                ethernets={"enp3s0": {"dhcp4": True}}, management_address="192.0.2.11"
            ),
        }
    )
    assert problem.place == "grace: network.management_address"


def test_hosts_with_addresses_of_their_own_are_fine():
    ours = {
        "ada": network(**_named(LAN_MAC, "192.0.2.11/24"), management_address="192.0.2.11"),
        "grace": network(**_named(SECOND_MAC, "192.0.2.12/24")),
        "hopper": network(ethernets={"lan": {"name": "enp3s0", "addresses": ["fe80::1/64"]}}),
        "hamilton": network(ethernets={"lan": {"name": "enp3s0", "addresses": ["fe80::1/64"]}}),
    }
    assert problems_across(ours) == ()
