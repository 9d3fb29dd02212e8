"""What the host program tells, as the interfaces and the connection that decisions are made of."""

from __future__ import annotations

from typing import Any

import pytest

from roles.network.host_network import HostInterface
from roles.network.management import Reached
from roles.network.observed import host_network, reached_by
from tests.unit.roles.network.declared import LAN_MAC


def told(name: str, **values: Any) -> dict[str, Any]:
    plain = {"kind": None, "is_physical": False, "is_wireless": False, "master": None}
    rest = {"permanent_mac": LAN_MAC, "driver": None, "addresses": []}
    return {"name": name, **plain, **rest, **values}


def has(address: str, *, is_dynamic: bool = False) -> dict[str, Any]:
    return {"address": address, "prefix": 24, "scope": "global", "is_dynamic": is_dynamic}


OBSERVED = {
    "renderer": "networkd",
    "netplan_files": [
        {"path": "/etc/netplan/50-cloud-init.yaml", "devices": [{"set_name": "enp3s0"}]},
        {"path": "/etc/netplan/60-unread.yaml", "devices": None},
    ],
    "interfaces": [
        told("lo", addresses=[has("127.0.0.1")]),
        told("enp3s0", is_physical=True, driver="igb", master="bond0"),
        told("bond0", kind="bond", addresses=[has("192.0.2.11", is_dynamic=True)]),
        told("bond0.20", kind="vlan", addresses=[has("2001:db8::11"), has("fe80::2")]),
        told("wlp5s0", is_physical=True, is_wireless=True),
        told("br0", kind="bridge"),
        told("veth1", kind="veth", master="br0"),
        told("host0", kind="veth"),
        told("wg0", kind="wireguard"),
    ],
}


@pytest.mark.parametrize(("is_container", "host0"), [(True, "ethernet"), (False, "other")])
def test_every_kind_of_interface_is_told_apart(is_container, host0):
    found = host_network(OBSERVED, is_container=is_container)
    assert {i.name: i.kind for i in found.interfaces} == {
        "lo": "other",
        "enp3s0": "ethernet",
        "bond0": "bond",
        "bond0.20": "vlan",
        "wlp5s0": "wireless",
        "br0": "bridge",
        "veth1": "other",
        "host0": host0,
        "wg0": "other",
    }
    assert found.interface("bond0") == HostInterface("bond0", "bond", LAN_MAC, None, ("enp3s0",))


@pytest.mark.parametrize(
    ("told_renderer", "renderer"),
    [("networkd", "networkd"), ("NetworkManager", "NetworkManager"), ("ifupdown", None)],
)
def test_the_renderer_is_one_of_two_or_none(told_renderer, renderer):
    observed = {**OBSERVED, "renderer": told_renderer}
    assert host_network(observed, is_container=False).renderer == renderer


@pytest.mark.parametrize(
    ("connection", "reached"),
    [
        ("198.51.100.7 50000 192.0.2.11 22", Reached("192.0.2.11", "bond0", True, "198.51.100.7")),
        (
            "2001:db8::7 50000 2001:db8:0::11 22",
            Reached("2001:db8::11", "bond0.20", False, "2001:db8::7"),
        ),
        (
            "fe80::7%bond0.20 50000 fe80::2%bond0.20 22",
            Reached("fe80::2", "bond0.20", False, "fe80::7"),
        ),
        ("198.51.100.7 50000 203.0.113.1 22", None),
    ],
)
def test_the_connection_is_found_on_its_interface(connection, reached):
    assert reached_by(OBSERVED, connection) == reached


@pytest.mark.parametrize("text", ["", "198.51.100.7 50000 192.0.2.11", "a b c d"])
def test_what_is_no_connection_is_not_taken_for_one(text):
    with pytest.raises(ValueError, match=r"no SSH_CONNECTION|does not appear"):
        reached_by(OBSERVED, text)


def test_a_name_that_netplan_gave_is_known_as_such():
    found = host_network(OBSERVED, is_container=False)
    assert [i.name for i in found.interfaces if i.has_set_name] == ["enp3s0"]
