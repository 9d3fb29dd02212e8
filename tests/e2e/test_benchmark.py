"""The fleet benchmark, run small for real, and the floor's script, which must miss nothing."""

import json
import os
import subprocess
import sys

import pytest

from benchmarks.fleet.ground import ssh
from benchmarks.fleet.resources import SYSCTL_FILE
from benchmarks.fleet.samples import Results
from benchmarks.fleet.shell_texts import testing_script
from deeprig.lab import api
from tests.e2e.running import ROOT

pytestmark = pytest.mark.full

LAB = ROOT / ".lab" / "bench"
#: What differs, and how it is put back.
DIFFERENCES = {
    "a package": ("dpkg --remove bc", "apt-get install -y -qq bc"),
    "a file's content": (
        "sed -i '$a more' /etc/bench/part-3.conf",
        "sed -i '$d' /etc/bench/part-3.conf",
    ),
    "a file's mode": ("chmod 600 /etc/bench/part-3.conf", "chmod 644 /etc/bench/part-3.conf"),
    "a file's owner": ("chown bench1 /etc/bench/part-3.conf", "chown root /etc/bench/part-3.conf"),
    "a unit that is not active": (
        "systemctl stop bench-3.service",
        "systemctl start bench-3.service",
    ),
    "a unit that is not enabled": (
        "systemctl -q disable bench-3.service",
        "systemctl -q enable bench-3.service",
    ),
    "a user's shell": ("usermod -s /bin/sh bench2", "usermod -s /bin/bash bench2"),
    "a user's group": ("gpasswd -d bench2 benchlab", "gpasswd -a bench2 benchlab"),
    "a group": ("groupdel benchdata", "groupadd benchdata"),
    "a cron entry": (
        "crontab -l > /root/cron; sed 's/^14 2/15 2/' /root/cron | crontab -",
        "crontab /root/cron",
    ),
    "a value in the kernel": (
        "sysctl -qw net.ipv4.tcp_fin_timeout=31",
        "sysctl -qw net.ipv4.tcp_fin_timeout=30",
    ),
    "a value in its file": (
        f"sed -i s/30/31/ {SYSCTL_FILE}",
        f"sed -i s/31/30/ {SYSCTL_FILE}",
    ),
}


@pytest.fixture(scope="module")
def benchmark_run(tmp_path_factory):
    """A run of the whole program on two hosts; they are left up for the tests."""
    place = tmp_path_factory.mktemp("benchmark")
    page = place / "benchmarks.md"
    page.write_text("# Benchmarks\n\n<!-- below: python -m benchmarks.fleet -->\n")
    words = ["--hosts", "1,2", "--memory-hosts", "2", "--repeat", "1", "--keep"]
    words += ["--results", str(place / "results.json"), "--page", str(page)]
    try:
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.fleet", *words],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=1800,
            check=False,
        )
        yield done, Results.load(place / "results.json"), page
    finally:
        for name in ("bench", "bench-fresh"):
            api.down(ROOT / ".lab" / name)


def test_every_way_does_what_it_is_measured_for(benchmark_run):
    done, results, page = benchmark_run
    assert done.returncode == 0, done.stderr
    assert results is not None
    assert [s.problem for s in results.samples if s.problem] == []
    scenes = {(s.cell.scene, s.cell.hosts) for s in results.samples}
    assert scenes == {("fresh", 1), ("far", 1), ("near", 1), ("near", 2), ("memory", 2)}
    ways = {s.cell.way for s in results.samples if s.cell.scene == "near"}
    assert {"floor", "floor workstation", "pyinfra -y", "Ansible, pipelined"} <= ways
    text = page.read_text()
    assert "not measured" in text  # 30 and 100 hosts
    assert str(os.path.expanduser("~")) not in text  # noqa: PTH111 - as the program replaces it


def test_the_wire_tells_many_commands_of_pyinfra_and_one_of_the_floor(benchmark_run):
    _, results, _ = benchmark_run
    talks = {s.cell.way: s.conversation for s in results.samples if s.cell.scene == "far"}
    assert talks["floor"].commands == 1
    assert talks["floor"].connections == 1
    # An operation that changes nothing asks one thing at least, and waits for the answer.
    assert talks["pyinfra -y"].commands >= 46
    assert talks["pyinfra -y"].turns >= talks["pyinfra -y"].commands


def test_a_distance_is_felt(benchmark_run):
    _, results, _ = benchmark_run
    far = next(s for s in results.samples if s.cell.scene == "far" and s.cell.way == "floor")
    # 50 ms for each turn that is waited for: the login's, and the command's own.
    assert far.seconds >= 0.05 * far.conversation.login_turns


@pytest.mark.parametrize("what", DIFFERENCES)
def test_the_floor_misses_no_difference(benchmark_run, what):
    state = api.load(LAB)
    host = state.hosts[0]
    change, back = DIFFERENCES[what]
    ssh(state, host, testing_script())
    ssh(state, host, f"set -e\nexport DEBIAN_FRONTEND=noninteractive\n{change} >&2")
    try:
        with pytest.raises(subprocess.CalledProcessError):
            ssh(state, host, testing_script())
    finally:
        ssh(state, host, f"set -e\nexport DEBIAN_FRONTEND=noninteractive\n{back} >&2")
    ssh(state, host, testing_script())


def test_results_are_plain_json(benchmark_run):
    _, results, _ = benchmark_run
    data = json.loads(results.path.read_text())
    assert data["schema"] == "deeprig.benchmark.fleet/1"
    assert len(data["samples"]) == len(results.samples)
