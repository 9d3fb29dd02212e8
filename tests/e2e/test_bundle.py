"""Hosts without any way out get everything from a bundle; the cut is real, and proven."""

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from deeprig.lab.state import BRIDGE_ADDRESS, PROXY_PORT
from tests.e2e.gpu_lab import OLD
from tests.e2e.running import ROOT, LabDirectory
from tests.e2e.test_waves import _BODY, _CLEAN, _UNIT, _VERIFY

#: Small, and in no image: what needs it fails where it cannot be had.
PACKAGE = "jq"
_ASK = (
    "import socket; socket.create_connection(('{address}', {port}), 20).close(); print('answers')"
)


@dataclass(frozen=True)
class CutHost:
    """A host of the shared lab that reaches nobody: what it begins, the namespace refuses."""

    lab: LabDirectory
    name: str

    @property
    def rule(self):
        address = self.lab.state.host(self.name).address
        return ("INPUT", "-s", address, "-p", "tcp", "--syn", "-j", "REJECT")

    def firewall(self, change):
        words = ("ip", "netns", "exec", self.lab.state.id, "iptables", change, *self.rule)
        subprocess.run(words, check=True, capture_output=True)

    def reaches(self, port):
        code = _ASK.format(address=BRIDGE_ADDRESS, port=port)
        return "answers" in self.lab.ssh(self.name, f'python3 -c "{code}"').stdout

    def clear(self):
        self.lab.ssh(
            self.name,
            f"apt-get purge -y --autoremove {PACKAGE} prometheus-node-exporter;"
            "systemctl disable --now deeprig-metrics.service deeprig-alerts.timer;"
            "rm -rf /var/cache/apt/archives/*.deb /opt/conda /opt/conda.installing /etc/pip.conf"
            " /opt/deeprig /etc/apt/apt.conf.d/80deeprig",
        )
        self.lab.ssh(self.name, "rm -rf /var/lib/apt/lists/*")


@pytest.fixture
def cut(lab):
    """rig3, cut off from everything but the SSH connections that come to it."""
    host = CutHost(lab, "rig3")
    host.clear()
    assert host.reaches(PROXY_PORT)
    host.firewall("-I")
    try:
        assert not host.reaches(PROXY_PORT)
        assert "default" not in lab.ssh("rig3", "ip route").stdout
        yield host
    finally:
        host.firewall("-D")
        host.clear()


def base(lab):
    """Return base's settings without any proxy: none is reachable."""
    settings = lab.base_settings()
    del settings["apt"]
    return settings | {"packages": [PACKAGE]}


def changed(document):
    (host,) = document["hosts"]
    return [o["name"] for o in host["operations"] if o["status"] == "changed"]


def check(lab, path, code):
    """Run ``deeprig bundle check`` and return its document."""
    done = subprocess.run(
        (sys.executable, "-m", "deeprig", "bundle", "check", str(path), "--json"),
        cwd=lab.path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout)


def left_in_run(lab):
    return lab.ssh("rig3", "ls -d /run/deeprig/bundle-* 2>/dev/null").stdout


def configuration(lab):
    """Return a digest of all that the host's apt goes by."""
    return lab.ssh("rig3", "find /etc/apt -type f -exec sha256sum {} + | sort").stdout


def test_a_cut_host_has_its_packages_from_a_bundle(lab, cut):
    lab.hosts(rig3={})
    lab.data(roles=["base"], base=base(lab), network_access={})
    made = lab.run("bundle", "-o", "lab.tar")
    assert "for rig3" in made.stdout
    assert check(lab, lab.path / "lab.tar", 0)["is_whole"]
    assert lab.ssh("rig3", f"command -v {PACKAGE}").returncode != 0

    # Without the bundle the very same apply cannot have it.
    failed = lab.json("apply", code=1)
    assert "base: Refresh the package lists failed" in failed["hosts"][0]["reason"]
    before = configuration(lab)

    assert "Install packages" in changed(lab.json("apply", "--bundle", "lab.tar"))
    assert lab.ssh("rig3", f"echo '[1]' | {PACKAGE} -c .").stdout == "[1]\n"
    assert (configuration(lab), left_in_run(lab)) == (before, "")
    assert changed(lab.json("apply")) == []
    assert lab.json("verify")["hosts"][0]["status"] == "passed"

    # A bundle that was altered is refused before anybody is contacted.
    path = lab.path / "lab.tar"
    path.write_bytes(path.read_bytes()[:-20000])
    refused = lab.run("apply", "--bundle", "lab.tar", code=1)
    assert "no whole archive" in refused.stderr
    assert "connected" not in refused.stderr


@pytest.mark.full
def test_a_wave_has_everything_from_a_bundle_and_is_put_back_from_it(lab, cut):
    lab.role("greeter", _BODY, settings='word: str = "old"', extra=_UNIT)
    lab.write("roles/greeter/verify.py", _VERIFY)
    lab.hosts(rig3={})
    data = {"roles": ["base", "greeter"], "base": base(lab), "network_access": {}}
    lab.data(**data, greeter={"word": "old"})
    lab.run("bundle", "-o", "lab.tar")
    words = ("apply", "--waves", "--bundle", "lab.tar")
    try:
        lab.run(*words)
        has_package = f"echo '[1]' | {PACKAGE} -c ."
        assert lab.ssh("rig3", has_package).stdout == "[1]\n"

        # The greeter dies with the new word: the wave is put back. Both ways need the package.
        lab.data(**data, greeter={"word": "new"})
        lab.ssh("rig3", f"touch /etc/only-old; apt-get purge -y {PACKAGE}")
        failed = lab.json(*words, code=1)
        assert "greeter: service runs: fail (failed)" in failed["hosts"][0]["reason"]
        assert lab.ssh("rig3", has_package).stdout == "[1]\n"
        told = lab.json("status")
        assert "proven" in told["hosts"][0]["put_back"]
        assert told["asked"]["bundle"]["path"] == str(lab.path.resolve() / "lab.tar")
        assert left_in_run(lab) == ""

        (lab.path / "lab.tar").unlink()
        refused = lab.run(*words, code=2)
        assert "there is no such bundle" in refused.stderr
    finally:
        lab.ssh("rig3", _CLEAN)


@pytest.mark.full
def test_a_cut_host_becomes_a_workstation_from_a_bundle(lab, cut):
    """conda with a locked environment, pip's packages, our own programs, services, monitoring."""
    first = {"name": "small", "python": "3.11", "packages": ["idna=3.6"], "cuda": "cpu"}
    lab.hosts(rig1={})
    lab.data(roles=["conda"], conda=lab.conda_settings(first | {"pip": {"packages": ["six"]}}))
    try:
        lab.run("apply")
        files = [Path(path) for path in lab.json("lock", "small")["files"]]
    finally:
        lab.ssh("rig1", "rm -rf /opt/conda /opt/conda.installing /etc/pip.conf")
    # The channel has one address for the lab's hosts and another for the controller: the bundle is
    # made with the controller's, which no host could ever reach.
    served, own = lab.state.url("dist"), lab.state.controller_url("dist")
    for file in files:
        lab.write(
            f"locks/{re.sub('-linux-64-cpu', '', file.name)}", file.read_text().replace(served, own)
        )
    pip = {"no_index": True, "find_links": [f"{own}wheelhouse/"], "trusted_hosts": ["127.0.0.1"]}
    conda = lab.conda_settings({"name": "small", "lock": "locks/small"})
    conda |= {"channel_alias": own.rstrip("/"), "pip": pip}
    lab.hosts(rig3={})
    roles = ["base", "conda", "monitoring"]
    lab.data(roles=roles, conda=conda, base=base(lab), network_access={})
    manifest = lab.json("bundle", "-o", "lab.tar.zst")
    kinds = {file["kind"] for file in manifest["files"]}
    assert kinds >= {"apt-index", "deb", "conda-package", "installer", "wheel", "program-wheel"}
    assert all(file["hosts"] == ["rig3"] for file in manifest["files"])

    lab.json("apply", code=1)
    lab.run("apply", "--bundle", "lab.tar.zst")
    python = "/opt/conda/envs/small/bin/python -c 'import idna, six; print(idna.__version__)'"
    assert lab.ssh("rig3", python).stdout == "3.6\n"
    assert changed(lab.json("apply", "--bundle", "lab.tar.zst")) == []
    assert changed(lab.json("apply")) == []
    assert lab.json("verify")["hosts"][0]["status"] == "passed"
    assert left_in_run(lab) == ""


@pytest.mark.full
def test_a_cut_machine_gets_a_driver_from_a_bundle_across_its_reboot(gpu):
    """apt, dpkg, DKMS, SSH and the reboot are real; the card and NVIDIA's packages simulated."""
    gpu.start_from("fresh")
    gpu.root("rm -f /etc/apt/sources.list.d/simulated-ubuntu.list; rm -rf /var/lib/apt/lists/*")
    served, own = gpu.state.url("nvidia"), gpu.state.controller_url("nvidia")
    driver = gpu.from_nvidia(branch="570")
    repository = driver["nvidia_repository"]
    # As in the test above: an address that only the controller reaches.
    repository["base_url"] = repository["base_url"].replace(served.rstrip("/"), own.rstrip("/"))
    gpu.declare(driver, network_access={})
    host = CutHost(gpu, "rig1")
    host.firewall("-I")
    try:
        assert not host.reaches(PROXY_PORT)
        gpu.run("bundle", "-o", "lab.tar")
        gpu.json("apply", code=1)
        assert gpu.installed() == ""
        boot = gpu.root("cat /proc/sys/kernel/random/boot_id")
        first = gpu.json("apply", "--bundle", "lab.tar")
        assert "Prove the new driver" in changed(first)
        assert (gpu.loaded(), gpu.installed()) == (OLD, OLD)
        assert gpu.root("cat /proc/sys/kernel/random/boot_id") != boot
        assert changed(gpu.json("apply")) == []
        assert gpu.json("verify")["hosts"][0]["status"] == "passed"
    finally:
        host.firewall("-D")


def test_an_environment_without_a_lock_is_refused_with_what_to_do(lab):
    lab.hosts(rig3={})
    environment = {"name": "small", "python": "3.11", "packages": ["idna"]}
    lab.data(roles=["conda"], conda=lab.conda_settings(environment))
    refused = lab.run("bundle", "-o", "lab.tar", code=2)
    assert "deeprig lock small" in refused.stderr
    assert not (lab.path / "lab.tar.unfinished").exists()
