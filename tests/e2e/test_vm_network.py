"""Bonds, VLANs and a real reboot, on a machine with a kernel of its own.

Kernel, bonding, 802.1Q, netplan, networkd, SSH and reboot are real. The switch between the two
cards and the controller is simulated (tests/sim/vm/switch.py); VLAN 10 leads to the controller, and
any other one nowhere.
"""

import os
import shutil
import subprocess
from dataclasses import dataclass

import pytest

from deeprig.lab import api as lab_api
from tests.e2e.netplan_host import HOST, INSTALL, NetplanHost
from tests.e2e.running import ROOT
from tests.e2e.test_network import changes, notes, told
from tests.sim.hosts import api
from tests.sim.hosts.image import sim_image
from tests.sim.vm.disk import make_disk
from tests.sim.vm.wired import MACS, wired

NATIVE, GATEWAY = "10.214.0.2", "10.214.0.1"
IN_VLAN_10, VLAN_GATEWAY = "10.214.10.2", "10.214.10.1"
#: As cloud-init writes it for a machine that was given its address.
_FIRST = f"""network:
  version: 2
  ethernets:
    eth0:
      match: {{macaddress: "{MACS[0]}"}}
      set-name: eth0
      addresses: [{NATIVE}/24]
      routes: [{{to: default, via: {GATEWAY}}}]
"""
ETHERNETS = {"first": {"mac": MACS[0]}, "second": {"mac": MACS[1]}}
BOND = {
    "ethernets": ETHERNETS,
    "bonds": {
        "bond0": {
            "interfaces": ["first", "second"],
            "primary": "first",
            "addresses": [f"{NATIVE}/24"],
            "routes": [{"to": "default", "via": GATEWAY}],
        }
    },
}


def in_vlan(number):
    return {
        "ethernets": ETHERNETS,
        "bonds": {"bond0": {"interfaces": ["first", "second"], "primary": "first"}},
        "vlans": {
            "lab": {
                "id": number,
                "link": "bond0",
                "addresses": [f"{IN_VLAN_10}/24"],
                "routes": [{"to": "default", "via": VLAN_GATEWAY}],
            }
        },
        "management_address": IN_VLAN_10,
    }


@dataclass(frozen=True)
class VirtualHost(NetplanHost):
    """A lab directory over the virtual machine."""

    place: str = ""

    @property
    def address(self):
        return NATIVE

    @property
    def namespace(self):
        return self.place

    def declare(self, network, address=None):
        """Declare the network; a machine without hardware support needs longer for each step."""
        super().declare({"confirm_seconds": 120} | network, address)


@pytest.fixture
def vm(tmp_path):
    """A running virtual machine with two cards, as it was installed."""
    directory = ROOT / ".lab" / f"vmnet-{os.getpid()}"
    place = f"vmnet-{os.getpid()}"
    try:
        state = api.sim_lab(directory, 1, ())
        host = state.host(HOST)
        in_lab = NetplanHost(tmp_path, state, None)
        done = in_lab.at(in_lab.address, INSTALL)
        assert done.returncode == 0, done.stderr
        api.power_off(state, host)
        upper = tmp_path / "upper"
        subprocess.run(["cp", "-a", str(state.machine(HOST) / "upper"), str(upper)], check=True)
        first = ("netplan/50-cloud-init.yaml", _FIRST)
        disk = make_disk(sim_image(), upper, (), tmp_path / "disk", first)
        made = VirtualHost(tmp_path / "lab", state, None, place)
        made.path.mkdir()
        with wired(disk, tmp_path / "console.log", place, NATIVE):
            yield made
    finally:
        lab_api.down(directory)
        shutil.rmtree(tmp_path)


@pytest.mark.full
def test_a_bond_a_wrong_vlan_and_the_right_one(vm):
    vm.declare(BOND)
    applied = vm.json("apply")
    assert f"{NATIVE} stays: it is declared" in notes(applied)
    bond = vm.at(NATIVE, "cat /proc/net/bonding/bond0").stdout
    assert "fault-tolerance (active-backup)" in bond
    assert bond.count("Slave Interface:") == 2
    assert list(vm.files()) == ["90-deeprig.yaml"]
    assert changes(vm.json("apply")) == []
    found = {c["name"]: c["outcome"] for c in vm.json("verify", code=None)["hosts"][0]["checks"]}
    assert "fail" not in found.values(), found

    vm.declare(in_vlan(20))
    failed = vm.json("apply", code=1)
    assert "no new connection came about" in told(failed)
    assert "it is back on its old network" in told(failed)
    assert "lab" not in vm.at(NATIVE, "ls /sys/class/net").stdout.split()
    assert vm.at(NATIVE, "cat /proc/net/bonding/bond0").stdout.count("Slave Interface:") == 2

    vm.declare(in_vlan(10))
    applied = vm.json("apply")
    assert any(f"set ssh_hostname to {IN_VLAN_10}" in note for note in notes(applied))
    assert not vm.answers()
    shown = vm.at(IN_VLAN_10, "ip -d link show lab; cat /proc/sys/kernel/random/boot_id").stdout
    assert "vlan protocol 802.1Q id 10" in shown
    before = shown.splitlines()[-1]
    vm.at(IN_VLAN_10, "systemctl reboot")
    boot_id = "cat /proc/sys/kernel/random/boot_id"
    vm.wait(lambda: vm.at(IN_VLAN_10, boot_id).stdout.strip() not in ("", before), 300)
    vm.declare(in_vlan(10), address=IN_VLAN_10)
    assert changes(vm.json("apply")) == []
