"""A real host gets a wrong network and comes back by itself; a good one stays once confirmed.

The host runs systemd-networkd. Its address is taken away over the very connection that asks for
it; only the timer, or the boot unit, on the host brings it back.
"""

import base64
import json
import subprocess
import time
from dataclasses import dataclass

import pytest

from deeprig.host_programs import build_archive
from deeprig.lab import machine
from tests.e2e.netplan_host import APT, UDEVADM
from tests.e2e.running import ROOT, LabDirectory

HOST = "rig3"
BRIDGE = """network:
  version: 2
  bridges:
    br7:
      addresses: [10.99.0.1/24]
"""
NETPLAN_FILE = "/etc/netplan/60-test.yaml"
PROGRAM = "/root/network-test.pyz"
FILE = "/etc/systemd/network/10-lab.network"
SECONDS = 8
#: The way back, networkd's own work and a connection, on a busy machine.
PATIENCE_SECONDS = SECONDS + 40


@dataclass
class Target:
    """The host: asked over SSH, each command with a short time limit."""

    lab: LabDirectory
    before: str = ""

    @property
    def host(self):
        return self.lab.state.host(HOST)

    def ssh(self, command, stdin="", seconds=60):
        """Return what a command said; None where no connection came about or it broke."""
        words = [
            *("ssh", "-F", "/dev/null", "-i", str(self.lab.state.key)),
            *("-p", str(self.host.ssh_port), "-o", "BatchMode=yes", "-o", "LogLevel=ERROR"),
            *("-o", f"UserKnownHostsFile={self.lab.state.known_hosts}"),
            *("-o", "ConnectTimeout=2", "-o", "ServerAliveInterval=1"),
            *("-o", "ServerAliveCountMax=2", "root@127.0.0.1", command),
        ]
        try:
            done = subprocess.run(
                words, input=stdin, capture_output=True, text=True, timeout=seconds, check=False
            )
        except subprocess.TimeoutExpired:
            return None
        return None if done.returncode == 255 else done

    def network(self, *arguments, stdin=""):
        done = self.ssh(f"python3 {PROGRAM} network {' '.join(arguments)}", stdin)
        assert done is not None, "the host does not answer"
        assert done.stdout, done.stderr
        return json.loads(done.stdout)

    def stage(self, content, seconds=SECONDS, **values):
        files = [{"path": FILE, "content": content, "mode": "644"}]
        order = {"kind": "networkd", "files": files, "confirm_seconds": seconds} | values
        answer = self.network("stage", stdin=json.dumps(order))
        assert (answer["outcome"], answer.get("phase")) == ("good", "armed"), answer
        return answer["id"]

    def answers(self):
        return self.ssh("true", seconds=6) is not None

    def wait(self, condition, seconds=PATIENCE_SECONDS):
        """Return how long it took until the condition was there."""
        start = time.monotonic()
        while not condition():
            assert time.monotonic() - start < seconds, "it did not come about"
            time.sleep(0.2)
        return time.monotonic() - start

    def phase(self):
        status = self.network("status")
        return (status["change"] or status["last_change"])["phase"]

    def reboot(self):
        old = machine.boot_id(self.lab.state, self.host)
        self.ssh("systemctl reboot")
        self.wait(lambda: machine.boot_id(self.lab.state, self.host) not in (None, old), 90)
        self.wait(self.answers, 90)

    def addresses(self):
        shown = self.ssh("ip -json address show host0")
        links = json.loads(shown.stdout or "[]") if shown else []
        return {a["local"] for x in links for a in x.get("addr_info", ()) if a["family"] == "inet"}

    def is_as_before(self):
        """Check that the old configuration is written and true, and nothing is armed."""
        assert self.ssh(f"cat {FILE}").stdout == self.before
        assert self.addresses() == {self.host.address}
        units = self.ssh("find /etc/systemd/system -name 'deeprig-network-*'")
        assert units.stdout == ""
        timers = self.ssh("systemctl list-units --all --plain --no-legend 'deeprig-network-*'")
        assert "active" not in timers.stdout.replace("inactive", ""), timers.stdout
        return True


@pytest.fixture
def target(lab):
    """The host with the program on it; afterwards it has its old network again."""
    made = Target(lab)
    archive = build_archive(ROOT / "host", "driver", "network")
    # base64: ssh() speaks text.
    put = made.ssh(f"base64 -d > {PROGRAM}", base64.b64encode(archive).decode())
    assert put is not None
    assert put.returncode == 0, put.stderr
    made.before = made.ssh(f"cat {FILE}").stdout
    yield made
    made.wait(made.answers)
    if made.network("status")["change"] is not None:
        made.network("rollback")
    if made.ssh(f"cat {FILE}").stdout != made.before:
        made.ssh(f"cat > {FILE} && networkctl reload", made.before)
    made.wait(lambda: made.addresses() == {made.host.address})
    made.ssh(f"rm -rf {PROGRAM} /var/lib/deeprig/network")
    made.is_as_before()


def test_a_wrong_address_is_taken_back_by_the_host_itself(target):
    change = target.stage(target.before.replace(target.host.address, "10.99.99.9"))
    target.ssh(f"python3 {PROGRAM} network apply")
    target.wait(lambda: not target.answers())
    target.wait(target.answers)
    target.wait(lambda: target.phase() == "rolled-back")
    assert target.is_as_before()
    refused = target.network("confirm", change)
    assert refused["outcome"] == "failed"
    assert f"not confirmed within {SECONDS} s" in refused["reason"]


def test_a_controller_that_dies_before_it_applies_leaves_the_old_files(target):
    target.stage(target.before + "DNS=10.99.99.9\n")
    assert target.network("observe")["is_armed"] is True
    target.wait(lambda: target.phase() == "rolled-back")
    assert target.is_as_before()


def test_a_confirmed_change_stays_after_its_window_and_after_a_reboot(target):
    second = "10.213.0.233"
    wanted = target.before + f"Address={second}/24\n"
    change = target.stage(wanted, expected_addresses=[target.host.address, second])
    target.ssh(f"python3 {PROGRAM} network apply")
    target.wait(lambda: target.answers() and target.phase() == "applied")
    target.wait(lambda: second in target.addresses())
    assert target.network("confirm", change)["phase"] == "confirmed"
    time.sleep(SECONDS + 2)  # the window itself is what is waited for
    assert target.ssh(f"cat {FILE}").stdout == wanted
    target.reboot()
    target.wait(lambda: target.addresses() == {target.host.address, second})
    status = target.network("status")
    assert (status["change"], status["is_armed"]) == (None, False)
    assert status["last_change"]["phase"] == "confirmed"


def test_an_unconfirmed_change_does_not_survive_a_reboot_in_its_window(target):
    wanted = target.before.replace(target.host.address, "10.99.99.9")
    target.stage(wanted + f"Address={target.host.address}/24\n", seconds=600)
    target.ssh(f"python3 {PROGRAM} network apply")
    target.wait(lambda: target.answers() and "10.99.99.9" in target.addresses())
    target.reboot()
    target.wait(lambda: target.phase() == "rolled-back")
    last = target.network("status")["last_change"]
    assert last["reason"] == "rebooted before it was confirmed"
    assert target.is_as_before()
    assert target.ssh("systemctl is-system-running").stdout.strip() in ("running", "starting")


def test_what_networkd_would_skip_is_refused_and_a_second_change_is_too(target):
    files = [{"path": FILE, "content": "[Match]\nName host0\n"}]
    order = {"kind": "networkd", "files": files, "confirm_seconds": SECONDS}
    refused = target.network("stage", stdin=json.dumps(order))
    assert refused["evidence"] == [f"{FILE}:2: Name host0"]
    change = target.stage(target.before + "DNS=10.99.99.9\n", seconds=600)
    files[0]["content"] = target.before
    refused = target.network("stage", stdin=json.dumps(order))
    assert (refused["outcome"], change in refused["reason"]) == ("busy", True)
    left = target.network("status")["seconds_left"]
    assert 500 < left <= 600
    assert target.network("rollback")["phase"] == "rolled-back"
    assert target.is_as_before()


@pytest.fixture
def netplan(target):
    """The host with Debian's netplan.io."""
    packages = "dpkg-query --show --showformat '${Package}\\n'"
    before = set(target.ssh(packages).stdout.split())
    install = f"{APT} update && DEBIAN_FRONTEND=noninteractive {APT} install netplan.io"
    done = target.ssh(install, seconds=240)
    assert done.returncode == 0, done.stderr
    target.ssh("cat > /usr/local/sbin/udevadm; chmod 755 /usr/local/sbin/udevadm", UDEVADM)
    yield target
    target.ssh("rm -f /usr/local/sbin/udevadm /etc/netplan/60-test.yaml")
    added = sorted(set(target.ssh(packages).stdout.split()) - before)
    assert "netplan.io" in added
    gone = target.ssh(f"{APT} purge {' '.join(added)}", seconds=120)
    assert gone.returncode == 0, gone.stderr


def netplan_order(content):
    files = [{"path": NETPLAN_FILE, "content": content, "mode": "600"}]
    return json.dumps({"kind": "netplan", "files": files, "confirm_seconds": 15})


def devices(target):
    return target.ssh("ls /sys/class/net").stdout.split()


@pytest.mark.full
def test_netplan_says_what_is_wrong_and_its_bridge_goes_when_nobody_confirms(netplan):
    refused = netplan.network("stage", stdin=netplan_order(BRIDGE.replace("addr", "adr")))
    assert refused["outcome"] == "refused"
    assert refused["evidence"][0].startswith(f"{NETPLAN_FILE}:5:7: "), refused
    assert netplan.ssh(f"ls {NETPLAN_FILE}").returncode == 2

    staged = netplan.network("stage", stdin=netplan_order(BRIDGE))
    assert (staged["phase"], staged["new_devices"]) == ("armed", ["br7"]), staged
    netplan.ssh(f"python3 {PROGRAM} network apply")
    netplan.wait(lambda: netplan.answers() and "br7" in devices(netplan))
    netplan.wait(lambda: netplan.phase() == "rolled-back")
    assert "br7" not in devices(netplan)
    assert netplan.ssh(f"ls {NETPLAN_FILE}").returncode == 2
    last = netplan.network("status")["last_change"]
    assert (last["reason"], last["remarks"]) == ("not confirmed within 15 s", [])
    assert netplan.is_as_before()
