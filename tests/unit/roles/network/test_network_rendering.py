"""The YAML text, the interfaces a declaration means on a host, and what the host cannot do."""

from __future__ import annotations

import pytest

from roles.network.host_network import HostInterface
from roles.network.matching import host_faults, netplan_ids
from roles.network.netplan import render
from roles.network.yaml_text import yaml_text
from tests.unit.roles.network.declared import (
    DECLARATIONS,
    LAN_MAC,
    SECOND_MAC,
    WIFI_MAC,
    host,
    network,
)

OTHER_MAC = "3c:ec:ef:01:02:07"
VLAN_TEXT = f"""\
# Placed by deeprig. Edit the inventory instead: changes here are lost.
network:
  version: 2
  ethernets:
    enp3s0:
      renderer: "networkd"
      match:
        macaddress: "{LAN_MAC}"
      set-name: "enp3s0"
      dhcp4: true
      dhcp6: false
      dhcp4-overrides:
        route-metric: 100
      mtu: 9000
  vlans:
    storage:
      renderer: "networkd"
      id: 20
      link: "enp3s0"
      dhcp4: false
      dhcp6: false
      addresses:
        - "10.20.0.11/16"
      mtu: 8996
"""


def places(settings_values, *more):
    return [
        ".".join(str(part) for part in fault.path)
        for fault in host_faults(network(**settings_values), host("networkd", *more))
    ]


def test_the_text_of_a_declaration_is_this():
    assert render(network(**DECLARATIONS["vlan"]), host()).text == VLAN_TEXT


def test_the_order_of_the_inventory_and_of_the_host_does_not_matter():
    one = {"ethernets": {"enp3s0": {"dhcp4": True}, "enp4s0": {"dhcp4": True, "metric": 200}}}
    other = {"ethernets": dict(reversed(one["ethernets"].items()))}
    assert render(network(**one), host()) == render(network(**other), host())


def test_an_interface_that_is_plugged_in_later_is_matched_as_declared():
    text = render(
        network(ethernets={"usb": {"mac": "3c:ec:ef:09:09:09", "dhcp4": True, "optional": True}}),
        host(),
    ).text
    assert "    usb:\n" in text
    assert 'macaddress: "3c:ec:ef:09:09:09"' in text
    assert "set-name" not in text


def test_what_network_manager_does_not_know_is_told_and_not_written():
    rendering = render(network(**DECLARATIONS["static"]), host("NetworkManager"))
    assert rendering.notes == (
        "network.ethernets.lan.critical: NetworkManager has no such setting, it is not written",
    )
    assert "critical" not in rendering.text
    assert render(network(**DECLARATIONS["static"]), host()).notes == ()


def test_the_renderer_is_the_hosts_unless_one_is_declared():
    declared = {**DECLARATIONS["dhcp"], "renderer": "networkd"}
    assert 'renderer: "networkd"' in render(network(**declared), host("NetworkManager")).text
    text = render(network(**DECLARATIONS["dhcp"]), host("NetworkManager")).text
    assert 'renderer: "NetworkManager"' in text


def test_a_host_with_neither_renderer_needs_one_declared():
    settings = network(**DECLARATIONS["dhcp"])
    assert [fault.path for fault in host_faults(settings, host(None))] == [("renderer",)]
    with pytest.raises(ValueError, match="no renderer"):
        render(settings, host(None))
    declared = network(**DECLARATIONS["dhcp"], renderer="networkd")
    assert host_faults(declared, host(None)) == ()


def test_offloads_are_written_in_netplans_words():
    declared = {"ethernets": {"enp3s0": {"dhcp4": True, "large_receive_offload": False}}}
    text = render(network(**declared), host()).text
    assert "large-receive-offload: false" in text
    assert 'set-name: "enp3s0"' in text


def test_devices_are_named_in_netplan_as_on_the_host():
    ids = netplan_ids(network(**DECLARATIONS["bond"]), host())
    assert ids == {"left": "enp3s0", "right": "enp4s0", "bond0": "bond0"}


@pytest.mark.parametrize("case", DECLARATIONS)
def test_a_host_that_has_everything_has_no_faults(case):
    assert places(DECLARATIONS[case]) == []


def test_an_interface_that_the_host_lacks_is_refused_and_those_it_has_are_named():
    settings = network(ethernets={"eno1": {"dhcp4": True}})
    (fault,) = host_faults(settings, host())
    assert fault.path == ("ethernets", "eno1")
    assert f"enp3s0 ({LAN_MAC})" in fault.reason
    assert f"enp4s0 ({SECOND_MAC})" in fault.reason
    assert "wlp5s0" not in fault.reason
    assert places({"ethernets": {"eno1": {"dhcp4": True, "optional": True}}}) == []


@pytest.mark.parametrize(
    "way", [{"mac": WIFI_MAC}, {"name": "wlp5s0"}, {"match": "wl*"}, {"match": "wlp?s0"}]
)
def test_wifi_is_left_alone(way):
    settings = network(ethernets={"lan": {**way, "dhcp4": True, "optional": True}})
    (fault,) = host_faults(settings, host())
    assert "Wi-Fi" in fault.reason


@pytest.mark.parametrize(
    ("pattern", "fitting"), [("*", "lo, storage, wlp5s0"), ("[ew]*", "wlp5s0")]
)
def test_a_pattern_that_fits_more_than_wired_interfaces_is_refused(pattern, fitting):
    settings = network(
        ethernets={"wired": {"match": pattern, "dhcp4": True}, "lan": {"mac": "3c:ec:ef:09:09:09"}},
        vlans={"storage": {"id": 20, "link": "lan", "addresses": ["10.20.0.11/16"]}},
    )
    found = {fault.path: fault.reason for fault in host_faults(settings, host())}
    assert f"it also fits {fitting}, which" in found["ethernets", "wired", "match"]


def test_one_interface_declared_by_name_and_by_mac_is_refused():
    declared = {"enp3s0": {"dhcp4": True}, "lan": {"mac": LAN_MAC, "addresses": ["10.0.0.2/24"]}}
    assert "ethernets.lan" in places({"ethernets": declared})


def test_a_bond_with_the_name_of_something_else_is_refused():
    declared = {
        "ethernets": {"enp3s0": {}},
        "bonds": {"wg0": {"interfaces": ["enp3s0"], "dhcp4": True}},
    }
    assert places(declared, HostInterface("wg0", "other")) == ["bonds.wg0"]
    assert places(declared, HostInterface("wg0", "bond", lower=("enp3s0",))) == []


def test_a_key_that_is_another_declared_interfaces_name_is_refused():
    declared = {
        "enp3s0": {"mac": "3c:ec:ef:09:09:09", "dhcp4": True, "optional": True},
        "lan": {"mac": LAN_MAC, "addresses": ["10.0.0.2/24"]},
    }
    assert places({"ethernets": declared}) == ["ethernets.enp3s0"]


def test_offloads_are_refused_where_the_host_has_network_manager():
    settings = network(ethernets={"enp3s0": {"dhcp4": True, "large_receive_offload": False}})
    (fault,) = host_faults(settings, host("NetworkManager"))
    assert fault.path == ("ethernets", "enp3s0", "large_receive_offload")
    assert host_faults(settings, host("networkd")) == ()


def test_a_fault_becomes_a_problem_of_the_inventory():
    (fault,) = host_faults(network(ethernets={"eno1": {"dhcp4": True}}), host())
    problem = fault.problem("ada")
    assert problem.place == "ada: network.ethernets.eno1"
    assert problem.remedy


def test_yaml_quotes_what_a_reader_would_take_for_something_else():
    assert yaml_text({"a": "no", "b": "1e3", "on": True, "c": 'x"\n', "d": [], "e": {}}) == (
        'a: "no"\nb: "1e3"\n"on": true\nc: "x\\"\\n"\nd: []\ne: {}\n'
    )


def test_yaml_puts_the_first_key_of_a_mapping_beside_its_dash():
    routes = [{"to": "default", "via": "192.0.2.1"}, {"more": ["x"]}]
    assert yaml_text({"routes": routes}) == (
        'routes:\n  - to: "default"\n    via: "192.0.2.1"\n  - more:\n      - "x"\n'
    )


def test_yaml_refuses_a_list_in_a_list():
    with pytest.raises(TypeError):
        yaml_text({"a": [["b"]]})


def test_an_interface_keeps_the_name_that_netplan_gave_it():
    """Without it the interface had another name after a reboot (a virtual machine)."""
    named = host("networkd", HostInterface("eth7", "ethernet", OTHER_MAC, has_set_name=True))
    text = render(network(ethernets={"lan": {"mac": OTHER_MAC, "dhcp4": True}}), named).text
    assert f'macaddress: "{OTHER_MAC}"\n      set-name: "eth7"' in text
    plain = render(network(ethernets={"lan": {"mac": LAN_MAC, "dhcp4": True}}), named).text
    assert "set-name" not in plain
