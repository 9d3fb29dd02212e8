"""``deeprig inspect`` on real hosts: what it tells, and that it leaves nothing there."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from deeprig.report import store
from tests.e2e.running import ROOT

#: What changes on a host that somebody logs in to, whatever is done there.
_LOGIN_TRACES = "-path /proc -o -path /sys -o -path /dev -o -path /run -o -path /var/log"
_PYTHON = "/usr/bin/python3"


@pytest.fixture
def rig(lab):
    lab.hosts(rig1={"hardware": {"psu_watts": 850, "use": "research"}})
    return lab


def written_since(lab, mark):
    """Return the paths that were written on rig1 since a mark, but for what a login writes."""
    found = lab.ssh(
        "rig1", rf"find / \( {_LOGIN_TRACES} \) -prune -o -newercm {mark} ! -path {mark} -print"
    )
    assert found.returncode == 0, found.stderr
    return [path for path in found.stdout.split("\n") if path]


def temporary(lab):
    return sorted(lab.ssh("rig1", "find /tmp /var/tmp /dev/shm /run/deeprig").stdout.split())


def processes(lab):
    """Return the processes of rig1 that are ours."""
    told = lab.ssh("rig1", "ps -eo pid,args | grep -F -e deeprig_host -e memfd -e deeprig-audit")
    return [line for line in told.stdout.splitlines() if "grep" not in line]


def wait_until(is_so):
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_a_host_is_graded_and_nothing_is_left_on_it(rig):
    before = temporary(rig)
    # An overlay file system notes in a directory that it was listed, the first time.
    rig.ssh("rig1", "find / -xdev > /dev/null; touch /root/mark")
    document = rig.json("inspect", code=1)  # it has no GPU
    assert written_since(rig, "/root/mark") == []
    assert temporary(rig) == before
    assert processes(rig) == []
    # That would have been seen:
    rig.ssh("rig1", "touch /opt/left-behind")
    assert "/opt/left-behind" in written_since(rig, "/root/mark")
    rig.ssh("rig1", "rm /root/mark /opt/left-behind")
    host = store.from_json(document).hosts[0]
    assert (host.status, host.is_root, host.note) == ("graded", True, None)
    assert host.declared == {"psu_watts": 850.0, "use": "research"}
    assert host.failed_rules == ("gpu.present",)
    assert host.facts["system"]["is_container"] is True
    memory = int(rig.ssh("rig1", "awk '/^MemTotal/ {print $2}' /proc/meminfo").stdout) * 1024
    assert host.facts["memory"]["total_bytes"] == memory
    cores = int(rig.ssh("rig1", "grep -c ^processor /proc/cpuinfo").stdout)
    assert host.facts["cpu"]["threads"] == cores
    assert store.load(store.newest(rig.path, "inspect")).hosts[0].host == "rig1"


def test_recorded_facts_are_graded_as_the_host_was(rig):
    document = rig.json("inspect", code=1)
    rig.write("recorded.json", json.dumps(document))
    done = subprocess.run(
        [sys.executable, "-m", "deeprig", "inspect", "--facts", "recorded.json", "--json"],
        cwd=rig.path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    again = json.loads(done.stdout)
    assert (done.returncode, again["inventory"]) == (1, None)
    assert again["hosts"][0]["audit"] == document["hosts"][0]["audit"]
    broken = rig.write("broken.json", json.dumps(document)[:-20])
    refused = rig.run("inspect", "--facts", str(broken), code=2)
    assert "--facts and --inventory exclude each other" in refused.stderr


def test_hosts_of_several_releases_stand_side_by_side(lab):
    lab.hosts(rig1={}, rig2={}, gone={"ssh_hostname": "127.0.0.1", "ssh_port": 1})
    done = lab.run("inspect", code=1)
    assert done.stdout.splitlines()[0].split() == ["rule", "rig1", "rig2"]
    assert "gone: unreachable: 127.0.0.1:1: no connection" in done.stdout
    assert "[rig1] graded after" in done.stderr
    lab.run("inspect", "--limit", "gone", code=3)


def test_a_slip_in_the_inventory_is_told_before_any_connection(lab):
    lab.hosts(rig1={"hardware": {"psu_wats": 850}}, gone={"ssh_hostname": "192.0.2.1"})
    done = lab.run("inspect", code=2)
    assert "rig1: hardware.psu_wats (host entry): there is no such setting" in done.stderr
    assert "did you mean 'psu_watts'?" in done.stderr
    assert "nothing was contacted" in done.stderr
    lab.hosts(rig1={})
    assert "matches no host" in lab.run("inspect", "--limit", "rig9", code=2).stderr


def test_a_host_without_python_is_told_and_the_others_go_on(lab):
    lab.hosts(rig1={}, rig2={})
    lab.ssh("rig1", f"mv {_PYTHON} {_PYTHON}.kept")
    try:
        document = lab.json("inspect", code=1)
    finally:
        lab.ssh("rig1", f"mv {_PYTHON}.kept {_PYTHON}")
    first, second = document["hosts"]
    assert (first["status"], second["status"]) == ("failed", "graded")
    assert "no /usr/bin/python3" in first["reason"]
    assert "apt-get install python3" in first["remedy"]


@pytest.fixture
def asking(lab):
    """A login user on rig1 of whom sudo asks a password."""
    made = lab.ssh(
        "rig1",
        "useradd -m -s /bin/bash pw && echo pw:geheim17 | chpasswd"
        " && echo 'pw ALL=(ALL:ALL) ALL' > /etc/sudoers.d/pw"
        " && cp -r /root/.ssh /home/pw/ && chown -R pw /home/pw/.ssh",
    )
    assert made.returncode == 0, made.stderr
    lab.hosts(rig1={"ssh_user": "pw"})
    yield lab
    lab.ssh("rig1", "rm -f /etc/sudoers.d/pw; userdel -r pw")


def test_where_sudo_asks_the_host_is_graded_without_root_and_it_says_so(asking):
    host = asking.json("inspect", code=1)["hosts"][0]
    assert (host["status"], host["is_root"]) == ("graded", False)
    assert "-K" in host["note"]
    assert "read without root" in asking.run("inspect", code=1).stdout


def test_a_sudo_password_is_given_once_and_stays_nowhere(asking):
    done = asking.run("inspect", "-K", "--json", code=1, stdin="geheim17\n")
    host = json.loads(done.stdout)["hosts"][0]
    assert (host["status"], host["is_root"], host["note"]) == ("graded", True, None)
    assert "geheim17" not in done.stdout + done.stderr
    assert asking.ssh("rig1", "grep -rsl geheim17 /tmp /var/tmp /home /root /var/log").stdout == ""
    wrong = json.loads(asking.run("inspect", "-K", "--json", code=1, stdin="falsch\n").stdout)
    assert wrong["hosts"][0]["status"] == "failed"
    assert "refused the password" in wrong["hosts"][0]["reason"]


@pytest.fixture
def waiting(rig):
    """A host whose python3 waits, before it is the real one, until /root/go is there."""
    rig.ssh(
        "rig1",
        f"mv {_PYTHON} {_PYTHON}.kept && printf '%s\\n' '#!/bin/sh' 'touch /root/asked'"
        f" 'while ! [ -e /root/go ]; do sleep 0.1; done' 'exec {_PYTHON}.kept \"$@\"'"
        f" > {_PYTHON} && chmod 755 {_PYTHON}",
    )
    yield rig
    rig.ssh("rig1", f"mv {_PYTHON}.kept {_PYTHON}; rm -f /root/asked /root/go")


def started(lab):
    """Return an inspection that has come as far as the collector."""
    process = subprocess.Popen(
        lab.command("inspect", "--json"),
        cwd=lab.path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_until(lambda: lab.ssh("rig1", "test -e /root/asked").returncode == 0)
    assert processes(lab) != []
    return process


def test_after_a_ctrl_c_nothing_is_left_on_the_host(waiting):
    before = temporary(waiting)
    process = started(waiting)
    process.send_signal(signal.SIGINT)
    out, errors = process.communicate(timeout=60)
    document = json.loads(out)
    assert (process.returncode, document["exit_code"]) == (130, 130), errors
    assert document["hosts"][0]["status"] == "interrupted"
    assert "Traceback" not in errors
    waiting.ssh("rig1", "touch /root/go")
    wait_until(lambda: not processes(waiting))
    assert temporary(waiting) == before


def test_a_lost_connection_is_told_and_nothing_is_left_on_the_host(waiting):
    before = temporary(waiting)
    process = started(waiting)
    waiting.ssh("rig1", "pkill -o -f 'sshd: deeprig@notty' || pkill -o -f 'sshd-session: deeprig@'")
    out, errors = process.communicate(timeout=120)
    host = json.loads(out)["hosts"][0]
    assert (process.returncode, host["status"]) == (3, "unreachable"), errors
    assert "the connection was lost" in host["reason"]
    waiting.ssh("rig1", "touch /root/go")
    wait_until(lambda: not processes(waiting))
    assert temporary(waiting) == before


def test_a_gpu_is_told_before_its_driver_and_after_it(gpu):
    """On a simulated GPU machine: its cards and its NVML are made up, the host is not."""
    gpu.start_from("fresh")
    gpu.declare(gpu.from_nvidia())
    before = store.from_json(gpu.json("inspect", code=None)).hosts[0]
    (card,) = before.facts["gpus"]
    assert (card["device"], card["source"], card["memory_bytes"]) == ("2684", "pci", None)
    outcomes = {finding.rule: finding.outcome for finding in before.audit.findings}
    assert outcomes["gpu.present"] == outcomes["gpu.tensor_cores"] == "pass"
    assert outcomes["gpu.memory"] == outcomes["ram.matches_gpu"] == "unknown"
    assert {size.parameters for size in before.audit.model_sizes} == {None}

    gpu.have_driver()
    after = store.from_json(gpu.json("inspect", code=None)).hosts[0]
    (card,) = after.facts["gpus"]
    assert (card["device"], card["source"]) == ("2684", "nvml")
    assert before.audit.simulated == after.audit.simulated == after.facts["simulated"]
    assert after.audit.simulated
    assert card["memory_bytes"] > 0
    outcomes = {finding.rule: finding.outcome for finding in after.audit.findings}
    assert outcomes["gpu.memory"] == "pass"
    assert all(size.parameters for size in after.audit.model_sizes)
