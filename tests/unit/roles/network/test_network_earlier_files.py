"""What becomes of netplan files that were there before: gone, kept, or for a person to divide."""

from __future__ import annotations

from typing import Any

import pytest

from roles.network.earlier_files import EarlierFiles, earlier_files
from roles.network.host_network import HostInterface
from tests.unit.roles.network.declared import LAN_MAC, SECOND_MAC, host, network

OWN = "/etc/netplan/90-deeprig.yaml"
OLD = "/etc/netplan/50-cloud-init.yaml"


def device(kind: str, identity: str, **values: Any) -> dict[str, Any]:
    return {"kind": kind, "id": identity, "match": None, "set_name": None, "lower": []} | values


def found(*devices: dict[str, Any] | None, more: tuple[HostInterface, ...] = ()) -> EarlierFiles:
    """Return what becomes of an old file with these devices; None: nobody can read it."""
    content = None if devices == (None,) else list(devices)
    files = [{"path": OWN, "devices": []}, {"path": OLD, "devices": content}]
    declared = network(
        ethernets={"lan": {"mac": LAN_MAC}},
        bonds={"bond0": {"interfaces": ["lan"], "dhcp4": True}},
    )
    return earlier_files(declared, host("networkd", *more), files, OWN)


@pytest.mark.parametrize(
    "old",
    [
        device("ethernets", "enp3s0"),
        device("ethernets", "nic", match={"macaddress": LAN_MAC.upper()}),
        device("ethernets", "nic", match={"name": "enp3*"}),
        device("ethernets", "nic", match={"driver": ["igb", "ixgbe"], "name": "enp3s0"}),
        device("ethernets", "nic", set_name="enp3s0"),
        device("bonds", "bond0", lower=["other"]),
        device("bonds", "team", lower=["enp3s0"]),
        device("vlans", "v7", lower=["bond0"]),
    ],
)
def test_what_is_about_a_declared_device_goes(old):
    assert found(old) == EarlierFiles(removed=(OLD,))


@pytest.mark.parametrize(
    "old",
    [
        device("ethernets", "enp4s0"),
        device("ethernets", "nic", match={"macaddress": SECOND_MAC}),
        device("ethernets", "gone", match={"macaddress": "3c:ec:ef:ff:ff:ff"}),
        device("wifis", "wlp5s0"),
        device("vlans", "v7", lower=["enp4s0"]),
        device("tunnels", "wg0"),
    ],
)
def test_what_is_about_something_else_stays(old):
    assert found(old) == EarlierFiles()


def test_a_file_about_both_is_for_a_person_to_divide():
    mixed = found(device("ethernets", "enp3s0"), device("wifis", "wlp5s0"))
    assert mixed.removed == ()
    (fault,) = mixed.faults
    assert f"{OLD} on the host configures what is declared, and also wifis.wlp5s0" in fault.text
    assert "a file of its own" in fault.remedy
    (fault,) = found(device("ethernets", "nic", match={"name": "enp*"}), device("x", "y")).faults
    assert "x.y" in fault.reason


def test_hardware_that_is_not_here_holds_nobody_back():
    absent = device("ethernets", "gone", match={"macaddress": "3c:ec:ef:ff:ff:ff"})
    assert found(device("ethernets", "enp3s0"), absent).removed == (OLD,)


def test_a_file_that_nobody_can_read_stays_and_is_told():
    assert found(None) == EarlierFiles(unknown=(OLD,))


def test_a_file_without_devices_stays():
    assert found() == EarlierFiles()
