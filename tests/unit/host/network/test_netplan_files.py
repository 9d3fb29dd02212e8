"""What a netplan file configures, without a word of what it keeps secret."""

import builtins

import pytest
from deeprig_host.network.netplan_files import devices_of

MIXED = """
network:
  version: 2
  renderer: NetworkManager
  ethernets:
    nic:
      match: {macaddress: "3c:ec:ef:01:02:03", driver: [igb, ixgbe]}
      set-name: lan
      dhcp4: true
    enp4s0: {}
  wifis:
    wlp5s0:
      access-points: {"home": {password: "correct horse"}}
  bonds:
    bond0: {interfaces: [nic, enp4s0]}
  vlans:
    storage: {id: 20, link: bond0}
"""


def devices(tmp_path, text):
    path = tmp_path / "file.yaml"
    path.write_text(text)
    return devices_of(path)


def test_every_kind_of_device_is_told_with_what_it_is_made_of(tmp_path):
    found = {d["id"]: d for d in devices(tmp_path, MIXED)}
    assert [d["kind"] for d in found.values()] == [
        *("ethernets", "ethernets", "wifis", "bonds", "vlans")
    ]
    match = {"macaddress": "3c:ec:ef:01:02:03", "driver": ["igb", "ixgbe"]}
    assert (found["nic"]["match"], found["nic"]["set_name"]) == (match, "lan")
    assert found["enp4s0"]["match"] is None
    assert found["bond0"]["lower"] == ["nic", "enp4s0"]
    assert found["storage"]["lower"] == ["bond0"]
    assert "correct horse" not in str(found)


@pytest.mark.parametrize("text", ["", "network: {version: 2}", "network:\n", "other: 1"])
def test_a_file_without_devices_has_none(tmp_path, text):
    assert devices(tmp_path, text) == []


@pytest.mark.parametrize("text", ["network: [", "network: 7", "network: {bonds: 7}", "\x00"])
def test_what_nobody_can_read_is_not_called_empty(tmp_path, text):
    assert devices(tmp_path, text) is None


def test_without_pythons_yaml_nobody_can_tell(tmp_path, monkeypatch):
    real = builtins.__import__

    def without_yaml(name, *arguments, **values):
        if name == "yaml":
            raise ImportError(name)
        return real(name, *arguments, **values)

    monkeypatch.setattr(builtins, "__import__", without_yaml)
    assert devices(tmp_path, MIXED) is None
