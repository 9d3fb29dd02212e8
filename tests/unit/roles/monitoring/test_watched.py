"""Who is watched from where."""

from pathlib import Path

import pytest

from deeprig.errors import InventoryProblem
from roles.monitoring.settings import LOOPBACK, MonitoringSettings
from roles.monitoring.watched import (
    EVERY_ADDRESS,
    asked_at,
    exporter_listens,
    reach_problems,
    watched_by,
    with_port,
)

ROOT = Path(__file__).parents[4]


def hosts(**settings):
    return {name: MonitoringSettings.model_validate(data) for name, data in settings.items()}


def test_an_exporter_is_open_only_where_a_server_elsewhere_watches_it():
    assert exporter_listens("rig1", hosts(rig1={}, rig2={})) == LOOPBACK
    lab = hosts(rig1={"server": {}}, rig2={}, rig3={"exporter": {"listen": "192.0.2.3"}})
    assert exporter_listens("rig1", lab) == LOOPBACK
    assert exporter_listens("rig2", lab) == EVERY_ADDRESS
    assert str(exporter_listens("rig3", lab)) == "192.0.2.3"


def test_an_address_of_ipv6_is_in_brackets():
    assert with_port("2001:db8::1", 9100) == "[2001:db8::1]:9100"
    assert with_port("rig1", 9100) == "rig1:9100"
    assert asked_at(EVERY_ADDRESS, 9100) == "127.0.0.1:9100"


def test_a_server_reaches_the_others_by_their_address_and_itself_by_its_own(lab):
    lab.hosts(
        """workstations = [
            ("rig1", {"ssh_hostname": "192.0.2.1", "monitoring": {"server": {}}}),
            ("rig2", {"monitoring": {"exporter": {"address": "rig2.lab", "port": 9999}}}),
            ("rig3", {}),
        ]"""
    )
    found = watched_by("rig1", lab.load().hosts)
    assert {host.name: host.target for host in found} == {
        "rig1": "127.0.0.1:9100",
        "rig2": "rig2.lab:9999",
        "rig3": "rig3:9100",
    }


@pytest.mark.parametrize("address", ["127.0.0.1", "localhost", "::1"])
def test_a_forwarded_port_is_no_address_of_another_machine(lab, address):
    lab.hosts(f'workstations = ["rig1", ("rig2", {{"ssh_hostname": "{address}"}})]')
    (problem,) = reach_problems("rig1", lab.load().hosts)
    assert problem.place == "rig2: monitoring.exporter.address"
    assert address in problem.reason
    assert reach_problems("rig2", lab.load().hosts) == ()


def test_a_host_that_listens_to_itself_only_cannot_be_watched_from_elsewhere(lab):
    lab.hosts(
        """workstations = [
            ("rig1", {"monitoring": {"server": {}}}),
            ("rig2", {"monitoring": {"exporter": {"listen": "127.0.0.1"}}}),
        ]"""
    )
    with pytest.raises(InventoryProblem) as refused:
        lab.load()
    (problem,) = refused.value.problems
    assert problem.place == "rig2: monitoring.exporter.listen"
    assert "rig1" in problem.reason
