"""A hundred hosts and one controller: applied, verified, compared, in bounded memory.

The hosts are real (systemd, sshd and apt in systemd-nspawn machines) and share this machine's
kernel and cores. `docs/scale.md` shows a run; --full prints the same line for each command.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from deeprig.lab import api
from deeprig.lab.requirements import check_requirements
from tests.e2e.running import ROOT

pytestmark = pytest.mark.full

#: ``DEEPRIG_TEST_HOSTS=10`` tries the test itself; more than eight, or nothing is told together.
HOSTS = int(os.environ.get("DEEPRIG_TEST_HOSTS", "100"))
ODD_ONE = f"rig{HOSTS // 2}"
#: Of issue 8: what the controller may hold, for a hundred hosts.
MEMORY_MEBIBYTES = 100
_LIMIT_SECONDS = 3600


@dataclass(frozen=True)
class Ran:
    """How a command ended, and what it cost its controller."""

    code: int
    out: str
    err: str
    seconds: float
    cpu_seconds: float
    memory_mebibytes: float


@pytest.fixture(scope="module")
def hundred(tmp_path_factory):
    """A lab of a hundred hosts with the role base."""
    check_requirements()
    directory = ROOT / ".lab" / f"hundred-{os.getpid()}"
    data = tmp_path_factory.mktemp("data") / "workstations.py"
    data.write_text("roles = ['base']\nbase = {'packages': ['less']}\n", encoding="utf-8")
    try:
        yield api.up(api.LabSpec(directory, HOSTS, data=data))
    finally:
        api.down(directory)
        assert not directory.exists()


def run(state, name, *arguments):
    """Run a command to its end; its memory is the highest of its own process, not of its tools.

    Both are read every 0.2 s: gevent, which the tests patch in, takes the kernel's own account.
    """
    started = time.monotonic()
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        process = subprocess.Popen(
            [sys.executable, "-m", "deeprig", name, "-i", str(state.inventory), *arguments],
            cwd=state.directory,
            env=os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "200"},
            stdout=out,
            stderr=err,
        )
        peak = cpu = 0.0
        while process.poll() is None:
            peak = max(peak, highest_mebibytes(process.pid))
            cpu = max(cpu, cpu_seconds(process.pid))
            if time.monotonic() - started > _LIMIT_SECONDS:
                process.kill()
            time.sleep(0.2)
        seconds = time.monotonic() - started
        ran = Ran(process.returncode, _read(out), _read(err), seconds, cpu, peak)
    sys.stdout.write(
        f"{name}: exit {ran.code}, {ran.seconds:.0f} s, {ran.cpu_seconds:.1f} CPU s of the "
        f"controller ({ran.cpu_seconds / HOSTS:.2f} a host), {ran.memory_mebibytes:.0f} MiB\n"
    )
    return ran


def _read(file):
    file.seek(0)
    return file.read()


def highest_mebibytes(pid):
    """Return the highest resident size of a process so far (proc(5): VmHWM); 0 once it ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:")), 0.0)


def cpu_seconds(pid):
    """Return the CPU time of a process and of its ended children; 0 once it ended."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    # proc(5): utime, stime, cutime and cstime are fields 14 to 17; the name may hold spaces.
    ticks = text.rpartition(")")[2].split()[11:15]
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


def test_a_hundred_hosts_are_applied_without_a_failure_and_then_left_alone(hundred):
    first = run(hundred, "apply")
    assert first.code == 0, first.out + first.err
    assert f"rig[1-{HOSTS}] ({HOSTS} hosts)" in first.out
    assert f"{HOSTS} hosts: {HOSTS} ok" in first.out
    # Readable: neither the log nor the table has a line per host.
    assert len(first.err.splitlines()) < 30
    assert len(first.out.splitlines()) < 10

    again = run(hundred, "apply")
    assert again.code == 0, again.out + again.err
    assert f"{HOSTS} hosts: {HOSTS} ok; 0 changed" in again.out
    for ran in (first, again):
        assert 0 < ran.memory_mebibytes <= MEMORY_MEBIBYTES


def test_a_hundred_hosts_are_proven(hundred):
    ran = run(hundred, "verify", "--parallel", "4")
    assert ran.code == 0, ran.out + ran.err
    assert f"{HOSTS} of {HOSTS} hosts passed" in ran.out
    assert ran.memory_mebibytes <= MEMORY_MEBIBYTES


def test_the_odd_one_of_a_hundred_is_found(hundred):
    host = hundred.host(ODD_ONE)
    key = str(hundred.key)
    known = f"UserKnownHostsFile={hundred.known_hosts}"
    ssh = ["ssh", "-F", "/dev/null", "-i", key, "-p", str(host.ssh_port), "-o", known]
    ssh += ["-o", "LogLevel=ERROR", "root@127.0.0.1"]
    subprocess.run([*ssh, "apt-mark hold less"], check=True, capture_output=True)
    ran = run(hundred, "diff-fleet", "--json", "--only", "packages", "--only", "units")
    assert ran.code == 4, ran.err
    told = json.loads(ran.out)
    (held,) = [one for one in told["differences"] if one["key"] == "less"]
    assert held["others"][0]["hosts"] == [ODD_ONE]
    assert len(held["common"]["hosts"]) == HOSTS - 1
    assert ran.memory_mebibytes <= MEMORY_MEBIBYTES
