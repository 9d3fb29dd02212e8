"""The Vagrantfile by Ruby itself: its machines are the inventory's, and what it runs at the end.

Vagrant is simulated here (tests/vagrant/stand_in.rb); tests/e2e/test_vagrant.py has the real one.
"""

import json
import os
import shutil
import subprocess

import pytest

from deeprig.errors import InventoryProblem
from deeprig.inventory.load import load_lab
from deeprig.inventory.read import read_inventory
from tests.e2e.running import ROOT

STAND_IN = ROOT / "tests/vagrant/stand_in.rb"
KEYS = {f"rig{n}": f"ssh-ed25519 AAAA{n}" for n in range(1, 6)}


class Fleet:
    """A copy of the Vagrantfile and its inventory, and a deeprig that notes how it was called."""

    def __init__(self, path):
        self.path = path
        (path / "inventory").mkdir(parents=True)
        shutil.copy(ROOT / "Vagrantfile", path)
        shutil.copy(ROOT / "inventory/vagrant.py", path / "inventory")
        self.inventory = path / "inventory/vagrant.py"
        self.called = path / "called"
        self.deeprig("exit 0")

    def deeprig(self, end):
        program = self.path / "deeprig"
        program.write_text(f'#!/bin/sh\necho "$PWD $*" >> {self.called}\n{end}\n')
        program.chmod(0o755)

    def command(self, moved, running=None, code=0, failed=False, keys=KEYS, **environment):
        """Let a vagrant command end that moved machines; return what the Vagrantfile declares."""
        running = [name for _, name in moved] if running is None else running
        told = {"running": running, "moved": moved, "keys": keys, "failed": failed}
        own = {k: v for k, v in os.environ.items() if not k.startswith("DEEPRIG")}
        done = subprocess.run(
            ["ruby", str(STAND_IN), str(self.path)],
            input=json.dumps(told),
            capture_output=True,
            text=True,
            check=False,
            env=own | {"DEEPRIG": str(self.path / "deeprig")} | environment,
        )
        assert done.returncode == code, done.stdout + done.stderr
        self.said = done.stderr
        return json.loads(done.stdout) if done.stdout else None

    def calls(self):
        lines = self.called.read_text().splitlines() if self.called.exists() else []
        self.called.unlink(missing_ok=True)
        return [line.removeprefix(f"{self.path} ") for line in lines]

    def hosts(self):
        return {host.name: host.host_data for host in read_inventory(self.inventory)}


@pytest.fixture
def fleet(tmp_path):
    return Fleet(tmp_path / "fleet")


def ups(*numbers):
    return [("up", f"rig{n}") for n in numbers]


def test_ruby_reads_the_vagrantfile():
    subprocess.run(["ruby", "-wc", str(ROOT / "Vagrantfile")], check=True, capture_output=True)


def test_one_machine_of_each_ubuntu_for_both_providers(fleet):
    declared = fleet.command(ups(1, 2, 3))
    assert [machine["box"].removeprefix("cloud-image/ubuntu-") for machine in declared] == [
        *("22.04", "24.04", "26.04"),
    ]
    size = {"memory": 4096, "cpus": 2}
    for machine in declared:
        assert machine["hostname"] == machine["name"]
        assert machine["providers"]["libvirt"] == machine["providers"]["virtualbox"] == size


@pytest.mark.parametrize("count", [1, 3, 5])
def test_the_inventory_has_the_machines_of_the_vagrantfile(fleet, count):
    numbers = range(1, count + 1)
    declared = fleet.command(ups(*numbers), DEEPRIG_MACHINES=str(count))
    assert list(fleet.hosts()) == [machine["name"] for machine in declared]
    assert len(declared) == count


def test_settings_of_the_environment_reach_every_machine(fleet):
    declared = fleet.command(
        ups(1),
        DEEPRIG_BOXES="one/box another/box",
        DEEPRIG_MACHINES="3",
        DEEPRIG_MEMORY_MIB="1024",
        DEEPRIG_CPUS="1",
    )
    assert [machine["box"] for machine in declared] == ["one/box", "another/box", "one/box"]
    sizes = [size for machine in declared for size in machine["providers"].values()]
    assert all(size == {"memory": 1024, "cpus": 1} for size in sizes)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("DEEPRIG_MACHINES", "0", "at least one"),
        ("DEEPRIG_MACHINES", "many", "many"),
        ("DEEPRIG_BOXES", " ", "names no box"),
    ],
)
def test_a_setting_that_makes_no_sense_is_told(fleet, name, value, said):
    fleet.command(ups(1), code=1, **{name: value})
    assert said in fleet.said
    assert fleet.calls() == []


def test_all_are_applied_and_verified_once_when_all_are_up(fleet):
    fleet.command(ups(2, 1, 3))
    junit = fleet.path / ".vagrant/deeprig/verify.xml"
    limits = "--limit rig1 --limit rig2 --limit rig3"
    assert fleet.calls() == [
        f"apply -i inventory/vagrant.py {limits}",
        f"verify -i inventory/vagrant.py {limits} --junit {junit}",
    ]


def test_one_machine_s_reload_concerns_that_machine(fleet):
    fleet.command([("reload", "rig2")], running=["rig1", "rig2", "rig3"])
    assert [call.count("--limit") for call in fleet.calls()] == [1, 1]
    assert list(fleet.hosts()) == ["rig1", "rig2", "rig3"]


def test_a_halted_machine_leaves_the_inventory_and_nothing_is_run(fleet):
    fleet.command(ups(1, 2))
    fleet.calls()
    fleet.command([("halt", "rig2")], running=["rig1"])
    assert list(fleet.hosts()) == ["rig1"]
    assert fleet.calls() == []


def test_after_a_failed_command_nothing_is_run(fleet):
    fleet.command(ups(1), failed=True, code=1)
    assert fleet.calls() == []
    assert list(fleet.hosts()) == ["rig1"], "what came up can still be reached"


def test_provisioning_can_be_left_out(fleet):
    fleet.command(ups(1), DEEPRIG_PROVISION="no")
    assert fleet.calls() == []


def test_a_command_that_moves_nothing_runs_nothing(fleet):
    fleet.command([], running=["rig1"])
    assert fleet.calls() == []
    assert not (fleet.path / ".vagrant").exists()


def test_a_failed_apply_is_not_verified_and_its_exit_code_is_vagrant_s(fleet):
    fleet.deeprig("exit 3")
    fleet.command(ups(1), code=3)
    assert len(fleet.calls()) == 1
    assert "apply failed" in fleet.said


def test_a_deeprig_that_is_not_there_is_told(fleet):
    fleet.command(ups(1), code=1, DEEPRIG="/nowhere/deeprig")
    assert "cannot be run" in fleet.said


def test_host_keys_are_checked_and_change_with_the_machine_only(fleet):
    fleet.command(ups(1))
    data = fleet.hosts()["rig1"]
    assert data["ssh_strict_host_key_checking"] == "yes"
    known = fleet.path / ".vagrant/deeprig/known_hosts"
    assert data["ssh_known_hosts_file"] == str(known)
    assert known.read_text() == "[127.0.0.1]:2201 ssh-ed25519 AAAA1\n"
    fleet.command([("reload", "rig1")], keys=KEYS | {"rig1": "ssh-ed25519 EVIL"})
    assert "EVIL" not in known.read_text(), "it is the same machine: its keys are known"
    fleet.command([("destroy", "rig1")], running=[])
    fleet.command(ups(1), keys=KEYS | {"rig1": "ssh-ed25519 NEW"})
    assert known.read_text() == "[127.0.0.1]:2201 ssh-ed25519 NEW\n"


def test_an_inventory_without_machines_says_what_to_do(fleet):
    with pytest.raises(InventoryProblem, match="run 'vagrant up' first"):
        read_inventory(fleet.inventory)


def test_the_example_s_settings_are_valid(fleet):
    shutil.copytree(ROOT / "inventory/group_data", fleet.path / "inventory/group_data")
    shutil.copy(ROOT / "inventory/lab.py", fleet.path / "inventory")
    fleet.command(ups(1, 2, 3))
    for name in fleet.hosts():
        key = fleet.path / ".vagrant/machines" / name / "private_key"
        key.parent.mkdir(parents=True)
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    lab = load_lab(fleet.inventory)
    assert [host.name for host in lab.hosts] == ["rig1", "rig2", "rig3"]
    assert all("conda" in host.role_settings for host in lab.hosts)
