"""Carrier, bonds, VLANs, speed and addresses: judged by what the host's own commands print."""

from copy import deepcopy

import pytest

from roles.network.host_network import HostInterface, HostNetwork
from roles.network.link.addresses import address_findings, settled_links
from roles.network.link.asking import Unreadable
from roles.network.link.meant import interface_names, meant_devices
from roles.network.link.reading import LINKS_COMMAND, read_links
from roles.network.link.speed import speed_findings
from roles.network.link.state import state_findings
from tests.unit.roles.network.declared import LAN_MAC, SECOND_MAC, host, network
from tests.unit.roles.network.link_host import (
    DOWN,
    UNPLUGGED,
    Host,
    address,
    link,
    recorded,
)

ADDRESS = "192.0.2.11/24"
LAN = network(ethernets={"lan": {"mac": LAN_MAC, "addresses": [ADDRESS]}})


def outcomes(findings):
    return {finding.name: finding.is_good for finding in findings}


def evidence(findings):
    return {finding.name: finding.evidence for finding in findings}


def links_of(*entries):
    return read_links(Host({LINKS_COMMAND: list(entries)}))


def meant_of(settings, links, on=None):
    return meant_devices(settings, on or host(), links)


def state(settings, *entries, on=None):
    links = links_of(*entries)
    return list(state_findings(meant_of(settings, links, on), links))


# -- carrier ---------------------------------------------------------------------------------


def test_an_interface_is_up_with_carrier_or_it_fails():
    name = "lan: up, with carrier"
    assert outcomes(state(LAN, link("enp3s0"))) == {name: True}
    unplugged = state(LAN, link("enp3s0", flags=UNPLUGGED))
    assert outcomes(unplugged) == {name: False}
    assert "without carrier: plug the cable in" in evidence(unplugged)[name]
    down = state(LAN, link("enp3s0", flags=DOWN))
    assert outcomes(down) == {name: False}
    assert evidence(down)[name].startswith("enp3s0 is down: apply the role")


def test_an_interface_that_is_not_there_fails_unless_it_may_be_plugged_in_later():
    absent = {"usb": {"name": "enx1", "dhcp4": True}}
    found = state(network(ethernets=absent), link("enp3s0"))
    assert outcomes(found) == {"usb: up, with carrier": False}
    assert "it has enp3s0" in evidence(found)["usb: up, with carrier"]
    absent["usb"]["optional"] = True
    assert state(network(ethernets=absent), link("enp3s0")) == []
    # The same for one that is there without a cable.
    settings = network(ethernets={"lan": {"mac": LAN_MAC, "dhcp4": True, "optional": True}})
    assert state(settings, link("enp3s0", flags=UNPLUGGED)) == []


def test_a_pattern_needs_one_interface_that_is_plugged_in():
    settings = network(ethernets={"wired": {"match": "enp*", "dhcp4": True}})
    name = "wired: up, with carrier"
    one = state(settings, link("enp3s0"), link("enp4s0", flags=UNPLUGGED))
    assert outcomes(one) == {name: True}
    assert "enp4s0" not in evidence(one)[name]
    none = state(settings, link("enp3s0", flags=UNPLUGGED), link("enp4s0", flags=UNPLUGGED))
    assert outcomes(none) == {name: False}


# -- bonds and VLANs -------------------------------------------------------------------------

CARDS = HostNetwork(
    tuple(HostInterface(f"lab{n}", "ethernet", f"02:00:00:00:00:1{n}") for n in range(6)),
    "networkd",
)
ADDRESSED = {"dhcp6": True}
BONDS = {
    "ethernets": {f"lab{n}": {} for n in (0, 2, 3, 4, 5)},
    "bonds": {
        "bond0": {**ADDRESSED, "interfaces": ["lab2", "lab3"]},
        "bond1": {**ADDRESSED, "interfaces": ["lab4", "lab5"], "mode": "802.3ad"},
    },
    "vlans": {"store": {**ADDRESSED, "id": 20, "link": "lab0"}},
}


def failing(name, **changes):
    found = state(network(**(BONDS | changes)), *recorded(name), on=CARDS)
    assert len(found) > 10
    return {finding.name for finding in found if finding.is_good is not True}


def test_bonds_and_vlans_that_work_pass():
    assert failing("bonds_and_vlan") == set()


def test_a_switch_that_speaks_no_lacp_fails_and_so_do_its_members():
    found = state(network(**BONDS), *recorded("bonds_without_lacp_partner"), on=CARDS)
    bad = {finding.name: finding.evidence for finding in found if not finding.is_good}
    name = "bond1: the switch speaks LACP"
    assert bad[name] == "the switch has sent no LACP packet: set its ports to LACP"
    # Two groups of one each: the second member is up and carries nothing.
    assert set(bad) == {name, "bond1: member lab5 works"}
    assert "in another LACP group than bond1" in bad["bond1: member lab5 works"]


def test_a_bond_that_tells_no_partner_is_unknown():
    entries = recorded("bonds_and_vlan")
    bond = next(entry for entry in entries if entry["ifname"] == "bond1")
    del bond["linkinfo"]["info_data"]["ad_info"]
    found = outcomes(state(network(**BONDS), *entries, on=CARDS))
    assert found["bond1: the switch speaks LACP"] is None


def test_cut_members_a_lost_one_and_a_wrong_vlan_fail():
    assert failing("bonds_and_vlan_broken") == {
        "lab0: up, with carrier",
        "lab2: up, with carrier",
        "lab5: up, with carrier",
        "store: up, with carrier",
        "store: VLAN 20 on lab0",
        "bond0: member lab2 works",
        "bond1: member lab5 works",
    }


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        (("vlans", "store", "id"), 30, "store: VLAN 30 on lab0"),
        (("vlans", "store", "link"), "bond0", "store: VLAN 20 on bond0"),
        (("bonds", "bond0", "mode"), "balance-rr", "bond0: mode balance-rr"),
        (("bonds", "bond1", "mode"), "balance-rr", "bond1: mode balance-rr"),
    ],
)
def test_another_kind_of_device_than_declared_fails(path, value, expected):
    kind, key, setting = path
    declared = deepcopy(BONDS)
    declared[kind][key][setting] = value
    declared["ethernets"]["lab0"] = ADDRESSED
    assert failing("bonds_and_vlan", **declared) == {expected}


def test_a_bond_or_vlan_that_is_not_there_fails():
    entries = [e for e in recorded("bonds_and_vlan") if e["ifname"] not in ("bond0", "store")]
    found = outcomes(state(network(**BONDS), *entries, on=CARDS))
    bad = {name for name, is_good in found.items() if not is_good}
    assert bad == {
        "bond0: up, with carrier",
        "store: up, with carrier",
        "store: VLAN 20 on lab0",
    }


def test_an_answer_that_is_none_is_no_reading():
    for answer in ("", "no json", ("", "Object busy", 1), [{"ifname": "lo"}], 127):
        if answer == "":
            assert read_links(Host({LINKS_COMMAND: answer})) == {}
            continue
        with pytest.raises(Unreadable):
            read_links(Host({LINKS_COMMAND: answer}))


# -- speed -----------------------------------------------------------------------------------


def speed(told, duplex="full\n", entry=None, **values):
    settings = network(ethernets={"lan": {"mac": LAN_MAC, "dhcp4": True, **values}})
    links = links_of(entry or link("enp3s0"))
    place = "cat /sys/class/net/enp3s0"
    asked = Host({f"{place}/speed": told, f"{place}/duplex": duplex})
    return list(speed_findings(asked, meant_of(settings, links), links))


INVALID = ("", "cat: /sys/class/net/enp3s0/speed: Invalid argument", 1)


def test_the_speed_must_be_what_is_expected():
    name, duplex = "lan: at least 1000 Mbit/s", "lan: full duplex"
    assert outcomes(speed("1000\n", expected_speed_mbps=1000)) == {name: True, duplex: True}
    assert outcomes(speed("10000\n", expected_speed_mbps=1000))[name] is True
    slow = speed("100\n", expected_speed_mbps=1000)
    assert outcomes(slow) == {name: False, duplex: True}
    assert evidence(slow)[name].startswith("enp3s0: 100 Mbit/s: look at the cable")


def test_a_speed_that_the_driver_does_not_know_is_unknown_with_the_reason():
    name, duplex = "lan: at least 1000 Mbit/s", "lan: full duplex"
    virtual = speed("-1\n", "unknown\n", expected_speed_mbps=1000)
    assert outcomes(virtual) == {name: None, duplex: None}
    assert "the driver knows no speed" in evidence(virtual)[name]
    unplugged = speed(INVALID, INVALID, link("enp3s0", flags=UNPLUGGED), expected_speed_mbps=1000)
    assert outcomes(unplugged) == {name: None, duplex: None}
    assert "Invalid argument; enp3s0 is up, without carrier" in evidence(unplugged)[name]
    assert outcomes(speed("fast\n", expected_speed_mbps=1000))[name] is None


def test_without_an_expected_speed_only_half_duplex_is_a_fault():
    assert speed("-1\n", "unknown\n") == []
    assert speed("10\n") == []
    assert outcomes(speed("100\n", "half\n")) == {"lan: full duplex": False}


# -- addresses -------------------------------------------------------------------------------

OWN = address("192.0.2.11", 24)
NOBODY = {"arp enp3s0": {"others": []}}


def addresses(settings, entry, arp=NOBODY):
    asked = Host(arp | {LINKS_COMMAND: [entry]})
    links = read_links(asked)
    return list(address_findings(asked, meant_of(settings, links), links))


def test_a_static_address_must_be_there_with_its_prefix_and_be_nobody_elses():
    has, alone = f"lan: has {ADDRESS}", "lan: no other machine has 192.0.2.11"
    assert outcomes(addresses(LAN, link("enp3s0", OWN))) == {has: True, alone: True}
    wrong = link("enp3s0", address("192.0.2.11", 16))
    assert outcomes(addresses(LAN, wrong))[has] is False
    absent = addresses(LAN, link("enp3s0", address("192.0.2.12", 24)))
    assert outcomes(absent) == {has: False}
    assert evidence(absent)[has] == "enp3s0 has 192.0.2.12/24"
    taken = {"arp enp3s0": {"others": ["3c:ec:ef:09:09:09"]}}
    found = addresses(LAN, link("enp3s0", OWN), taken)
    assert outcomes(found) == {has: True, alone: False}
    assert "3c:ec:ef:09:09:09 answers for it too" in evidence(found)[alone]


def test_a_wire_that_cannot_be_asked_leaves_it_unknown():
    alone = "lan: no other machine has 192.0.2.11"
    down = {"arp enp3s0": {"error": "Network is down"}}
    assert outcomes(addresses(LAN, link("enp3s0", OWN), down))[alone] is None
    with pytest.raises(Unreadable, match="the arp probe gave no answer"):
        addresses(LAN, link("enp3s0", OWN), {"arp enp3s0": ("", "python3: not found", 127)})


def test_an_ipv6_address_that_is_a_duplicate_fails_and_a_tentative_one_is_unknown(monkeypatch):
    settings = network(ethernets={"lan": {"mac": LAN_MAC, "addresses": ["2001:db8::11/64"]}})
    name = "lan: has 2001:db8::11/64"

    def judged(**flags):
        return addresses(settings, link("enp3s0", address("2001:db8::11", 64, **flags)))

    assert outcomes(judged()) == {name: True}
    duplicate = judged(tentative=True, dadfailed=True)
    assert outcomes(duplicate) == {name: False}
    assert "another machine has it" in evidence(duplicate)[name]
    assert outcomes(judged(tentative=True)) == {name: None}


def test_the_search_for_duplicates_is_waited_for_but_not_for_ever(monkeypatch):
    monkeypatch.setattr("roles.network.link.addresses._BETWEEN_READINGS_SECONDS", 0)

    class Turning(Host):
        """Tells a tentative address twice, then a settled one."""

        def run(self, command, *arguments):
            turn = len(self.asked)
            flags = {"tentative": True} if turn < 2 else {}
            self.answers = {LINKS_COMMAND: [link("enp3s0", address("2001:db8::11", 64, **flags))]}
            return super().run(command, *arguments)

    asked = Turning({})
    assert settled_links(asked)["enp3s0"].addresses[0].is_tentative is False
    assert len(asked.asked) == 3
    monkeypatch.setattr("roles.network.link.addresses._DETECTION_SECONDS", 0)
    assert settled_links(Turning({}))["enp3s0"].addresses[0].is_tentative is True
    # A duplicate is final, and a dead link finds none.
    flags = {"tentative": True, "dadfailed": True}
    final = Host({LINKS_COMMAND: [link("enp3s0", address("2001:db8::11", 64, **flags))]})
    settled_links(final)
    assert len(final.asked) == 1


def test_dhcp_needs_an_address_that_came_from_the_network():
    settings = network(ethernets={"lan": {"mac": LAN_MAC, "dhcp4": True}})
    name = "lan: has an IPv4 address from the network"
    leased = address("192.0.2.50", 24, dynamic=True)
    assert outcomes(addresses(settings, link("enp3s0", leased))) == {name: True}
    endless = address("192.0.2.50", 24, protocol="dhcp")
    assert outcomes(addresses(settings, link("enp3s0", endless))) == {name: True}
    for entry in (link("enp3s0"), link("enp3s0", OWN)):
        found = addresses(settings, entry)
        assert outcomes(found) == {name: False}
        assert "no DHCP server or router gave one" in evidence(found)[name]
    local = address("169.254.3.4", 16, dynamic=True, scope="link")
    assert outcomes(addresses(settings, link("enp3s0", local))) == {name: False}
    six = network(ethernets={"lan": {"mac": LAN_MAC, "accept_ra": True}})
    name = "lan: has an IPv6 address from the network"
    assert outcomes(addresses(six, link("enp3s0", leased))) == {name: False}
    advertised = address("2001:db8::50", 64, dynamic=True)
    assert outcomes(addresses(six, link("enp3s0", leased, advertised))) == {name: True}


def test_the_declared_interfaces_are_known_by_name():
    settings = network(
        ethernets={
            "lan": {"mac": LAN_MAC, "dhcp4": True},
            "second": {"mac": SECOND_MAC, "dhcp6": True},
        }
    )
    links = links_of(link("enp3s0"), link("enp4s0"))
    assert interface_names(meant_of(settings, links)) == {"enp3s0", "enp4s0"}
