"""Whether a declaration keeps the way to the host, in every shape of change."""

from __future__ import annotations

from typing import Any

import pytest

from roles.network.host_network import HostInterface
from roles.network.management import Kept, Lost, Reached, Replaced, judge
from tests.unit.roles.network.declared import LAN_MAC, host, network

LEASED = Reached("192.0.2.11", "enp3s0", is_dynamic=True, controller="198.51.100.7")
FIXED = Reached("192.0.2.11", "enp3s0", is_dynamic=False, controller="198.51.100.7")
ROUTED = {
    "addresses": ["192.0.2.11/24"],
    "routes": [{"to": "default", "via": "192.0.2.1"}],
}
MOVED = {
    "addresses": ["192.0.2.99/24"],
    "routes": [{"to": "default", "via": "192.0.2.1"}],
}


def judged(reached: Reached, *more: HostInterface, **values: Any) -> Kept | Replaced | Lost:
    return judge("ada", network(**values), host("networkd", *more), reached)


def bonded(**values: Any) -> dict[str, Any]:
    return {
        "ethernets": {"left": {"mac": LAN_MAC}},
        "bonds": {"bond0": {"interfaces": ["left"], **values}},
    }


@pytest.mark.parametrize("reached", [LEASED, FIXED])
def test_a_static_address_that_is_the_one_in_use_is_kept(reached):
    assert judged(reached, ethernets={"enp3s0": ROUTED}) == Kept("192.0.2.11", "it is declared")


def test_a_lease_is_kept_by_dhcp_on_the_same_interface():
    verdict = judged(LEASED, ethernets={"lan": {"mac": LAN_MAC, "dhcp4": True}})
    assert isinstance(verdict, Kept)
    assert "enp3s0" in verdict.reason


def test_an_advertised_address_is_kept_until_advertisements_are_declined():
    reached = Reached("2001:db8::11", "enp3s0", is_dynamic=True)
    assert isinstance(judged(reached, ethernets={"enp3s0": {"dhcp4": True}}), Kept)
    declined = judged(reached, ethernets={"enp3s0": {"dhcp4": True, "accept_ra": False}})
    assert isinstance(declined, Lost)


def test_a_fixed_address_is_lost_to_dhcp():
    verdict = judged(FIXED, ethernets={"enp3s0": {"dhcp4": True}})
    assert isinstance(verdict, Lost)
    assert verdict.problem.place == "ada: network"
    assert "192.0.2.11 on enp3s0" in verdict.problem.reason
    assert "network.management_address" in (verdict.problem.remedy or "")


def test_a_lease_is_lost_to_dhcp_on_another_interface():
    assert isinstance(judged(LEASED, ethernets={"enp4s0": {"dhcp4": True}}), Lost)


def test_a_lease_is_lost_to_a_static_address():
    assert isinstance(judged(LEASED, ethernets={"enp3s0": MOVED}), Lost)


def test_a_stated_new_address_replaces_the_old_one():
    verdict = judged(FIXED, ethernets={"enp3s0": MOVED}, management_address="192.0.2.99")
    assert verdict == Replaced("192.0.2.11", "192.0.2.99")


def test_a_stated_new_address_may_come_by_dhcp():
    verdict = judged(FIXED, ethernets={"enp3s0": {"dhcp4": True}}, management_address="192.0.2.99")
    assert verdict == Replaced("192.0.2.11", "192.0.2.99")


def test_a_host_that_is_at_its_stated_address_stays_there():
    reached = Reached("192.0.2.99", "enp3s0", is_dynamic=False, controller="198.51.100.7")
    verdict = judged(reached, ethernets={"enp3s0": MOVED}, management_address="192.0.2.99")
    assert isinstance(verdict, Kept)


def test_stating_the_address_in_use_does_not_make_up_for_losing_it():
    verdict = judged(FIXED, ethernets={"enp3s0": {"dhcp4": True}}, management_address="192.0.2.11")
    assert isinstance(verdict, Lost)
    assert verdict.problem.place == "ada: network.management_address"


def test_an_address_may_move_to_a_bond_over_its_interface():
    assert isinstance(judged(FIXED, **bonded(**ROUTED)), Kept)


def test_a_lease_does_not_move_to_a_bond():
    """A bond asks with another client id, so it may get another address."""
    assert isinstance(judged(LEASED, **bonded(dhcp4=True)), Lost)


def test_a_lease_of_a_bond_that_is_there_already_is_kept():
    there = HostInterface("bond0", "bond", lower=("enp3s0",))
    reached = Reached("192.0.2.11", "bond0", is_dynamic=True)
    assert isinstance(judged(reached, there, **bonded(dhcp4=True)), Kept)


def test_a_bridge_over_a_declared_interface_loses_its_lease():
    bridge = HostInterface("br0", "bridge", lower=("enp3s0",))
    reached = Reached("192.0.2.11", "br0", is_dynamic=True)
    assert isinstance(judged(reached, bridge, ethernets={"enp3s0": {"dhcp4": True}}), Lost)


@pytest.mark.parametrize("interface", ["wlp5s0", "wg0"])
def test_wifi_and_tunnels_are_not_touched(interface):
    reached = Reached("10.9.0.2", interface, is_dynamic=False, controller="10.9.0.1")
    tunnel = HostInterface("wg0", "other")
    verdict = judged(reached, tunnel, ethernets={"enp3s0": {"dhcp4": True}})
    assert verdict == Kept("10.9.0.2", f"{interface} is not touched by the role")


@pytest.mark.parametrize("stated", [None, "192.0.2.11"])
def test_without_a_route_to_the_controller_the_address_is_of_no_use(stated):
    verdict = judged(
        FIXED, ethernets={"enp3s0": {"addresses": ["192.0.2.11/24"]}}, management_address=stated
    )
    assert isinstance(verdict, Lost)
    assert "198.51.100.7" in verdict.problem.reason
    assert "routes" in (verdict.problem.remedy or "")


@pytest.mark.parametrize(
    "declared",
    [
        {"addresses": ["192.0.2.11/24"], "routes": [{"to": "198.51.100.0/24", "via": "192.0.2.1"}]},
        {"addresses": ["192.0.2.11/24", "198.51.100.2/24"]},
        {"addresses": ["192.0.2.11/24"], "dhcp4": True},
    ],
)
def test_any_route_that_leads_to_the_controller_will_do(declared):
    assert isinstance(judged(FIXED, ethernets={"enp3s0": declared}), Kept)


def test_a_route_to_another_network_does_not_lead_to_the_controller():
    routes = [{"to": "203.0.113.0/24", "via": "192.0.2.1"}]
    declared = {"addresses": ["192.0.2.11/24"], "routes": routes}
    assert isinstance(judged(FIXED, ethernets={"enp3s0": declared}), Lost)


def test_a_new_address_without_a_route_to_the_controller_is_refused_too():
    verdict = judged(
        FIXED,
        ethernets={"enp3s0": {"addresses": ["192.0.2.99/24"]}},
        management_address="192.0.2.99",
    )
    assert isinstance(verdict, Lost)
