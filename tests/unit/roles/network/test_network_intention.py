"""What a run does with a host's network: nothing, one change, or a refusal with its reasons."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from deeprig.errors import DeclarationRefused
from roles.network.intention import Intention, WantedFile, intend
from roles.network.management import Reached
from roles.network.netplan import CLOUD_INIT_PATH, NETPLAN_PATH, render
from tests.unit.roles.network.declared import host, network

OLD = "/etc/netplan/50-cloud-init.yaml"
REACHED = Reached("192.0.2.11", "enp3s0", is_dynamic=False, controller="192.0.2.7")
STATIC = {"enp3s0": {"addresses": ["192.0.2.11/24"]}}
OF_OLD = {"kind": "ethernets", "id": "enp3s0", "match": None, "set_name": None, "lower": []}


def observed(*files: dict[str, Any], **values: Any) -> dict[str, Any]:
    cloud_init = {"is_installed": False, "is_disabled": False, "is_network_disabled": False}
    return {"has_netplan": True, "netplan_files": list(files), "cloud_init": cloud_init} | values


def file(path: str, text: str, *devices: dict[str, Any], mode: str = "600") -> dict[str, Any]:
    digest = hashlib.sha256(text.encode()).hexdigest()
    return {"path": path, "mode": mode, "sha256": digest, "devices": list(devices)}


def own(mode: str = "600") -> dict[str, Any]:
    return file(NETPLAN_PATH, render(network(ethernets=STATIC), host()).text, mode=mode)


def intended(seen: dict[str, Any], reached: Reached | None = REACHED, **values: Any) -> Intention:
    return intend("ada", network(**({"ethernets": STATIC} | values)), seen, host(), reached)


def refused(seen: dict[str, Any], **values: Any) -> str:
    with pytest.raises(DeclarationRefused) as raised:
        intended(seen, **values)
    assert raised.value.exit_code == 2
    return raised.value.format_message()


def test_a_host_that_is_as_declared_is_left_alone():
    assert intended(observed(own())).files == ()
    # Nothing changes, so nothing is lost, whatever the connection.
    elsewhere = Reached("198.51.100.9", "enp3s0", is_dynamic=False)
    assert intended(observed(own()), elsewhere).files == ()


def test_a_new_file_an_old_one_and_cloud_inits_switch_are_one_change():
    cloud_init = {"is_installed": True, "is_disabled": False, "is_network_disabled": False}
    found = intended(observed(file(OLD, "old", OF_OLD), cloud_init=cloud_init))
    assert [f.path for f in found.files] == [NETPLAN_PATH, OLD, CLOUD_INIT_PATH]
    assert found.files[1] == WantedFile(OLD, None)
    assert found.new_address is None
    assert "192.0.2.11 stays: it is declared" in found.notes


@pytest.mark.parametrize(
    "cloud_init",
    [
        {"is_installed": False, "is_disabled": False, "is_network_disabled": False},
        {"is_installed": True, "is_disabled": True, "is_network_disabled": False},
        {"is_installed": True, "is_disabled": False, "is_network_disabled": True},
    ],
)
def test_cloud_init_is_only_switched_off_where_it_would_write(cloud_init):
    assert [f.path for f in intended(observed(cloud_init=cloud_init)).files] == [NETPLAN_PATH]


def test_cloud_init_stays_where_that_is_declared():
    cloud_init = {"is_installed": True, "is_disabled": False, "is_network_disabled": False}
    found = intended(observed(own(), cloud_init=cloud_init), disable_cloud_init=False)
    assert found.files == ()


def test_a_mode_that_others_can_read_is_a_change():
    assert [f.path for f in intended(observed(own(mode="644"))).files] == [NETPLAN_PATH]


def test_a_stated_new_address_is_where_the_host_goes():
    moved = {"enp3s0": {"addresses": ["192.0.2.99/24"]}}
    found = intended(observed(), ethernets=moved, management_address="192.0.2.99")
    assert found.new_address == "192.0.2.99"
    assert "the host moves from 192.0.2.11 to 192.0.2.99" in found.notes


def test_a_lost_address_is_refused_with_the_setting_and_the_remedy():
    told = refused(observed(), ethernets={"enp3s0": {"addresses": ["192.0.2.99/24"]}})
    assert told.startswith("ada: network: the controller reaches the host at 192.0.2.11 on enp3s0")
    assert "network.management_address" in told


def test_on_the_controller_itself_no_address_can_be_lost():
    moved = {"enp3s0": {"addresses": ["192.0.2.99/24"]}}
    assert intended(observed(), None, ethernets=moved).new_address is None


def test_every_reason_is_told_at_once():
    wifi = {"kind": "wifis", "id": "wlp5s0", "match": None, "set_name": None, "lower": []}
    seen = observed(file(OLD, "old", OF_OLD, wifi), has_netplan=False)
    told = refused(seen, ethernets=STATIC | {"enp9s0": {"dhcp4": True}})
    assert "the host has no such wired interface" in told
    assert "netplan is not on this host" in told
    assert "wifis.wlp5s0" in told


def test_a_file_that_cannot_be_read_is_noted():
    unread = file(OLD, "x") | {"devices": None}
    assert any(OLD in note for note in intended(observed(own(), unread)).notes)
