"""`vagrant up` for real: two virtual machines by libvirt, provisioned, rebooted and verified.

Vagrant, libvirt, QEMU and the machines are real; the boxes are made here (Debian 12 and 13), and
their processors are emulated. Not run: Ubuntu's boxes, VirtualBox.
"""

import json
import os
import shutil
import sys

import pytest
from junitparser import JUnitXml

from tests.e2e.running import ROOT
from tests.vagrant.box import box_of
from tests.vagrant.session import libvirt

pytestmark = [pytest.mark.full, pytest.mark.beside]

OSES = ("debian12", "debian13")
#: A real reason to reboot: a setting that was placed, and is not the running kernel's yet.
ROLE = """
from io import StringIO
from pyinfra.api.deploy import deploy
from pyinfra.api.facts import FactBase
from pyinfra.context import ctx_host
from pyinfra.operations import files
from deeprig.role import Role, RoleSettings


class MapCount(FactBase):
    def command(self):
        return "cat /proc/sys/vm/max_map_count"

    def process(self, output):
        return int(list(output)[0])


class Settings(RoleSettings):
    max_map_count: int = 400_000


@deploy("maps")
def tasks(context):
    files.put(
        name="Set how many maps a process may have",
        src=StringIO(f"vm.max_map_count = {context.settings.max_map_count}\\n"),
        dest="/etc/sysctl.d/99-maps.conf",
    )


def reason(context):
    is_loaded = ctx_host.get().get_fact(MapCount) == context.settings.max_map_count
    return None if is_loaded else "another vm.max_map_count is running"


ROLE = Role(name="maps", settings=Settings, deploy=tasks, reboot_reason=reason)
"""
VERIFY = """
def test_the_kernel_has_the_declared_map_count(host):
    assert host.sysctl("vm.max_map_count") == 400_000
"""
DATA = """
gpu_count = 0
roles = ["base", "maps"]
reboot = "when-needed"
base = {"packages": [], "users": [{"name": "ada", "sudo": "password"}]}
"""


class Fleet:
    """A directory with the project's own Vagrantfile and inventory, and settings for the test."""

    def __init__(self, path, session):
        self.path, self.session = path, session
        self._write()
        for os_name in OSES:
            done = self.vagrant("box", "add", "--name", os_name, str(box_of(os_name)))
            assert done.returncode == 0, done.stderr

    def _write(self):
        for relative, text in (
            ("Vagrantfile", (ROOT / "Vagrantfile").read_text()),
            ("inventory/vagrant.py", (ROOT / "inventory/vagrant.py").read_text()),
            ("inventory/group_data/vagrant.py", DATA),
            ("roles/maps/__init__.py", ROLE),
            ("roles/maps/verify.py", VERIFY),
            (
                "deploy/workstation.py",
                'from deeprig.compose import deploy_roles\n\ndeploy_roles("base", "maps")\n',
            ),
            ("deeprig", f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m deeprig "$@"\n'),
        ):
            target = self.path / relative
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
        (self.path / "deeprig").chmod(0o755)

    def run(self, *words, code=0, **more):
        environment = {
            "DEEPRIG": str(self.path / "deeprig"),
            "DEEPRIG_BOXES": " ".join(OSES),
            "DEEPRIG_MEMORY_MIB": "1024",
            "DEEPRIG_CPUS": "1",
            "COLUMNS": "200",
            **more,
        }
        done = self.session.run(list(words), self.path, 1800, environment)
        shown = f"{words}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert code is None or done.returncode == code, shown
        return done

    def vagrant(self, *words, code=0, **more):
        return self.run("vagrant", *words, code=code, **more)

    def deeprig(self, command, *words, code=0):
        return self.run("./deeprig", command, "-i", "inventory/vagrant.py", *words, code=code)

    def newest(self, command):
        return json.loads(self.deeprig("report", "--command", command, "--json").stdout)

    def changes(self):
        """Return what the newest apply changed: names of operations by host."""
        return {
            host["host"]: [o["name"] for o in host["operations"] if o["status"] == "changed"]
            for host in self.newest("apply")["hosts"]
        }

    def boot_id(self, name):
        return self.vagrant("ssh", name, "-c", "cat /proc/sys/kernel/random/boot_id").stdout.strip()


@pytest.fixture(scope="module")
def fleet():
    """Two machines, brought up by one `vagrant up`, which provisioned and verified them."""
    if not all(map(shutil.which, ("vagrant", "libvirtd"))):
        pytest.skip("vagrant with vagrant-libvirt is not installed (script/prepare.sh)")
    directory = ROOT / ".lab" / f"vagrant-{os.getpid()}"
    try:
        with libvirt(directory / "libvirt") as session:
            made = Fleet(directory / "fleet", session)
            made.vagrant("validate")
            made.up = made.vagrant("up", "--provider=libvirt")
            yield made
    finally:
        shutil.rmtree(directory)


def test_up_provisions_reboots_and_verifies_both(fleet):
    changed = fleet.changes()
    assert list(changed) == ["rig1", "rig2"]
    for names in changed.values():
        assert "Set how many maps a process may have" in names
        assert "Reboot: another vm.max_map_count is running" in names
    hosts = fleet.newest("apply")["hosts"]
    assert [host["facts"]["release"].split(".")[0] for host in hosts] == ["12", "13"]
    junit = fleet.path / ".vagrant/deeprig/verify.xml"
    suites = JUnitXml.fromfile(str(junit))
    assert suites.tests > 0
    assert (suites.failures, suites.errors) == (0, 0)
    assert all(word in junit.read_text() for word in ("rig1", "rig2", "declared map count"))


def test_the_inventory_s_hosts_are_vagrant_s_machines(fleet):
    lines = fleet.vagrant("status", "--machine-readable").stdout.splitlines()
    states = {f[1]: f[3] for line in lines if (f := line.split(","))[2] == "state"}
    assert states == {"rig1": "running", "rig2": "running"}
    written = json.loads((fleet.path / ".vagrant/deeprig/machines.json").read_text())
    assert [machine["name"] for machine in written] == list(states)


def test_provision_again_changes_nothing(fleet):
    fleet.vagrant("provision")
    assert fleet.changes() == {"rig1": [], "rig2": []}


def test_a_reload_is_followed_by_a_verification_of_that_machine(fleet):
    before = fleet.boot_id("rig2")
    fleet.vagrant("reload", "rig2")
    assert fleet.boot_id("rig2") != before
    assert fleet.changes() == {"rig2": []}
    assert [host["host"] for host in fleet.newest("verify")["hosts"]] == ["rig2"]


def test_a_wrong_kernel_setting_fails_the_verification(fleet):
    fleet.vagrant("ssh", "rig1", "-c", "sudo sysctl -q vm.max_map_count=70000")
    failed = fleet.deeprig("verify", "--limit", "rig1", code=1)
    assert "declared map count" in failed.stdout
    fleet.vagrant("ssh", "rig1", "-c", "sudo sysctl -q vm.max_map_count=400000")


def test_drift_is_seen_and_mended_by_vagrant_provision(fleet):
    fleet.vagrant("ssh", "rig1", "-c", "sudo rm /etc/sysctl.d/99-maps.conf")
    fleet.deeprig("plan", "--detailed-exitcode", code=4)
    fleet.vagrant("provision")
    placed = "Set how many maps a process may have"
    assert fleet.changes() == {"rig1": [placed], "rig2": []}
    fleet.deeprig("plan", "--detailed-exitcode")


def test_deeprig_s_exit_code_is_vagrant_s(fleet):
    (fleet.path / "failing").write_text("#!/bin/sh\nexit 3\n")
    (fleet.path / "failing").chmod(0o755)
    failed = fleet.vagrant("provision", code=3, DEEPRIG=str(fleet.path / "failing"))
    assert "apply failed" in failed.stderr
    assert ".rb:" not in failed.stderr, "no traceback of Ruby's"


def test_destroyed_machines_leave_the_inventory(fleet):
    fleet.vagrant("destroy", "--force")
    refused = fleet.deeprig("plan", code=2)
    assert "run 'vagrant up' first" in refused.stderr
