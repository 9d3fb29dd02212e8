"""Whatever is cut while a host is provisioned: its work ends there, and the next run goes on.

Hosts, SSH, sudo, systemd, apt and dpkg are real; the packages are the tests' own, and the conda
command stands in for the real one (tests/channel).
"""

import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.running import ROOT
from tests.e2e.waiting_package import GO, QUICK, WAITING, PackageHost, wait_until

_IMPORTS = "from deeprig.tasks import install_packages"
_WAIT_NAME = "Wait for what an earlier run left running"
_HOLD_NAME = "Hold the host for this run"


@pytest.fixture
def packages(lab, tmp_path):
    """rig1 with the tests' packages; the lab's only role installs the one that waits."""
    wanted(lab, WAITING)
    lab.hosts(rig1={})
    host = PackageHost(lab, "rig1", tmp_path)
    yield host
    host.clean()


def wanted(lab, *names):
    lab.role("mine", f"    install_packages({names!r})", extra=_IMPORTS)


class Run:
    """A run of deeprig in the background."""

    def __init__(self, lab, *arguments):
        self.process = subprocess.Popen(
            lab.command(*arguments, "--json"),
            cwd=lab.path,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate(timeout=60)

    def document(self, code=0):
        out, errors = self.process.communicate(timeout=600)
        assert self.process.returncode == code, f"{self.process.returncode}\n{out}\n{errors}"
        assert "Traceback" not in errors
        return json.loads(out)


@pytest.fixture
def run(lab):
    """Start runs of deeprig; what still runs at the end is ended."""
    started = []

    def start(*arguments):
        started.append(Run(lab, *arguments))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.kill()


def host_of(document):
    (host,) = document["hosts"]
    return host


def operation(document, name):
    (found,) = (o for o in host_of(document)["operations"] if o["name"] == name)
    return found


def notes(document, name):
    return "\n".join(operation(document, name)["notes"])


def changes(document):
    return [o["name"] for o in host_of(document)["operations"] if o["status"] == "changed"]


def has_lock(packages, run):
    """Wait until the host is held by that very run."""
    packages.wait_until(f"grep -qx 'pid {run.process.pid}' /run/deeprig/host.owner")


def test_a_second_controller_is_refused_and_the_first_is_unharmed(packages, lab, run):
    first = run("apply")
    packages.wait_until_installing()

    refused = host_of(lab.json("apply", code=1))
    assert refused["status"] == "failed"
    assert "another deeprig is changing this host" in refused["reason"]
    assert f"pid {first.process.pid}, since " in refused["reason"]
    assert "(apply, " in refused["reason"]
    assert refused["remedy"]
    assert refused["operations"] == []

    planned = lab.json("plan")
    assert f"pid {first.process.pid}" in json.dumps(planned)
    assert "another deeprig changes this host" in lab.run("plan").stdout

    by_itself = subprocess.run(
        (
            Path(sys.executable).parent / "pyinfra",
            "inventory/lab.py",
            "deploy/workstation.py",
            "-y",
        ),
        cwd=lab.path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert by_itself.returncode != 0
    assert f"pid {first.process.pid}" in by_itself.stdout + by_itself.stderr

    packages.go()
    assert changes(first.document()) == ["Refresh the package lists", "Install packages"]
    again = lab.json("apply")
    assert changes(again) == []
    assert _HOLD_NAME not in json.dumps(again), "the first let go in order"


def test_another_host_goes_on_while_one_is_refused(packages, lab, run):
    first = run("apply")
    packages.wait_until_installing()
    lab.hosts(rig1={}, rig3={})
    lab.role("mine", '    server.shell(name="Say", commands="echo", _if=lambda: True)')
    document = lab.json("apply", code=1)
    assert {h["host"]: h["status"] for h in document["hosts"]} == {"rig1": "failed", "rig3": "ok"}
    packages.go()
    assert host_of(first.document())["status"] == "ok"


def converges_after_the_cut(packages, lab, run, unit):
    """Run again: it waits for the unit, finds its work done, and leaves nothing to do."""
    again = run("apply")
    has_lock(packages, again)
    assert packages.units() == (unit,)
    assert again.process.poll() is None
    packages.go()
    document = again.document()
    assert f"unit {unit} runs for" in notes(document, _WAIT_NAME)
    assert f"unit {unit}, whose run was lost, ended with code 0" in notes(document, _WAIT_NAME)
    assert changes(document) == []
    assert packages.is_installed(WAITING)
    assert packages.is_whole()
    assert packages.units() == ()
    assert changes(lab.json("apply")) == []
    return document


def test_a_killed_controller_leaves_the_transaction_to_end_and_the_next_run_waits(
    packages, lab, run
):
    first = run("apply")
    packages.wait_until_installing()
    (unit,) = packages.units()
    first.kill()
    assert packages.units() == (unit,)
    planned = lab.run("plan")
    assert f"work of an earlier run goes on there: unit {unit}" in planned.stdout
    document = converges_after_the_cut(packages, lab, run, unit)
    told = notes(document, _HOLD_NAME)
    assert f"pid {first.process.pid}, since " in told
    assert "was lost" in told


def test_a_closed_ssh_connection_ends_the_run_and_not_the_work(packages, lab, run):
    first = run("apply")
    packages.wait_until_installing()
    (unit,) = packages.units()
    # The session's own process: what a crash of sshd, or of the network's middle box, looks like.
    packages.shell("pkill -KILL -f '^sshd: deeprig'")
    lost = first.document(code=3)
    host = host_of(lost)
    assert host["status"] == "unreachable"
    assert "while in mine: Install packages: the connection was lost" in host["reason"]
    assert f"goes on there as unit {unit}" in host["reason"]
    assert operation(lost, "Install packages")["status"] == "interrupted"
    converges_after_the_cut(packages, lab, run, unit)


def test_a_cut_link_is_noticed_and_the_next_run_takes_the_silent_ones_lock(packages, lab, run):
    first = run("apply")
    packages.wait_until_installing()
    (unit,) = packages.units()
    link = ("ip", "-n", lab.state.id, "link", "set", "vb-rig1")
    subprocess.run((*link, "down"), check=True)
    try:
        host = host_of(first.document(code=3))
    finally:
        subprocess.run((*link, "up"), check=True)
    assert host["status"] == "unreachable"
    assert "the connection was lost: no answer for 30 s" in host["reason"]
    # The host learns of the cut when TCP sends again, which it does ever more rarely; until then
    # the dead run's follower would take the work's exit code.
    follower = f"$(cut -d' ' -f1 /run/deeprig/steady/{unit}/follower)"
    packages.wait_until(f"! kill -0 {follower}")
    document = converges_after_the_cut(packages, lab, run, unit)
    assert f"pid {first.process.pid}, since " in notes(document, _HOLD_NAME)


def test_a_holder_that_was_ended_is_recognised(packages, lab, run):
    first = run("apply")
    packages.wait_until_installing()
    (unit,) = packages.units()
    packages.shell("kill -KILL $(sed -n 's/^holder //p' /run/deeprig/host.owner)")
    first.kill()
    document = converges_after_the_cut(packages, lab, run, unit)
    assert f"pid {first.process.pid}, since " in notes(document, _HOLD_NAME)


def holding_apt(lab):
    """Start somebody else's apt-get, which holds the package system until the package may go on."""
    return subprocess.Popen(
        [
            *("ssh", "-F", "/dev/null", "-i", str(lab.state.key)),
            *("-p", str(lab.state.host("rig1").ssh_port)),
            *("-o", f"UserKnownHostsFile={lab.state.known_hosts}", "-o", "BatchMode=yes"),
            *("-o", "LogLevel=ERROR", "root@127.0.0.1"),
            f"apt-get update && apt-get install -y {WAITING}",
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@contextmanager
def watched(command, directory):
    """Run a command that must succeed; the block sees what it says, as it says it."""
    process = subprocess.Popen(
        command,
        cwd=directory,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process.stdout
        process.communicate(timeout=600)
        assert process.returncode == 0
    finally:
        process.kill()
        process.communicate()


def test_who_holds_the_package_system_is_named_while_it_is_waited_for(packages, lab):
    wanted(lab, QUICK)
    other = holding_apt(lab)
    packages.wait_until_installing()
    number = packages.shell(f"pgrep -xf 'apt-get install -y {WAITING}'").strip()
    holder = f"held by pid {number} (apt-get install -y {WAITING}), of root, for "
    with watched(lab.command("apply"), lab.path) as lines:
        said = next(line for line in lines if "for the package system" in line)
        assert "[rig1] mine: Refresh the package lists: waits up to " in said
        assert holder in said
        packages.go()
    assert other.wait(timeout=120) == 0
    other.stdout.close()
    (report,) = (lab.path / "reports").glob("*.json")
    told = "".join(
        note for o in host_of(json.loads(report.read_text()))["operations"] for note in o["notes"]
    )
    assert holder in told
    assert packages.is_installed(QUICK)
    assert changes(lab.json("apply")) == []


def test_a_package_system_that_stays_held_fails_the_run_and_names_the_holder(packages, lab):
    wanted(lab, QUICK)
    packages.write("/etc/apt/apt.conf.d/99deeprig-tests", b'DPkg::Lock::Timeout "2";\n')
    other = holding_apt(lab)
    packages.wait_until_installing()
    number = packages.shell(f"pgrep -xf 'apt-get install -y {WAITING}'").strip()
    host = host_of(lab.json("apply", code=1))
    failed = next(o for o in host["operations"] if o["status"] == "failed")
    assert f"is still held after 2 s by pid {number} (apt-get install" in failed["output"]
    assert f"ps -f {number}" in failed["output"]
    assert not packages.is_installed(QUICK)
    packages.go()
    assert other.wait(timeout=120) == 0
    other.stdout.close()
    lab.run("apply")
    assert packages.is_installed(QUICK)


#: fcntl(2) F_SETLK with a struct flock of F_WRLCK over the whole file, as apt and dpkg take it.
_LOCK_UNSEEN = """
link "/var/lib/dpkg/lock-frontend", "/var/lib/dpkg/by-another-name" or die;
open F, "+<", "/var/lib/dpkg/by-another-name" or die;
my $whole = pack("s s x4 q q l x4", 1, 0, 0, 0, 0);
fcntl F, 6, $whole or die;
unlink "/var/lib/dpkg/by-another-name";
open G, ">", "/run/deeprig-waits.locked"; close G;
sleep 600;
"""


def test_a_lock_that_only_apt_itself_meets_is_waited_for_as_well(packages, lab, run):
    """As when somebody takes it after we have looked: apt fails at once, and has done nothing."""
    wanted(lab, QUICK)
    # Where role base was applied earlier, apt would wait by itself.
    packages.write("/etc/apt/apt.conf.d/99deeprig-tests", b"#clear DPkg::Lock::Timeout;\n")
    packages.write("/run/deeprig-waits.pl", _LOCK_UNSEEN.encode())
    packages.shell("systemd-run --collect --unit=deeprig-test-lock perl /run/deeprig-waits.pl")
    try:
        packages.wait_until("test -e /run/deeprig-waits.locked")
        waiting = run("apply")
        packages.wait_until("grep -q '^E: Could not get lock' /run/deeprig/steady/*/output")
        assert not packages.is_installed(QUICK)
    finally:
        packages.shell("systemctl stop deeprig-test-lock; rm -f /run/deeprig-waits.*")
    assert host_of(waiting.document())["status"] == "ok"
    assert packages.is_installed(QUICK)


def test_half_configured_packages_are_repaired_by_whatever_installs_next(packages, lab):
    wanted(lab, QUICK)
    packages.go()
    packages.shell(f"dpkg --unpack /var/cache/deeprig-tests/{WAITING}.deb")
    assert not packages.is_whole()
    document = lab.json("apply")
    told = "".join(note for o in host_of(document)["operations"] for note in o["notes"])
    assert "packages are half done" in told
    assert packages.is_installed(WAITING)
    assert packages.is_installed(QUICK)
    assert packages.is_whole()
    assert changes(lab.json("apply")) == []


def test_work_cut_by_power_is_repaired_by_the_next_run(packages, lab, run):
    """All processes of the work end at once; the disk keeps what dpkg had done."""
    first = run("apply")
    packages.wait_until_installing()
    (unit,) = packages.units()
    packages.shell(f"systemctl kill --signal=KILL {unit}")
    host = host_of(first.document(code=1))
    assert host["status"] == "failed"
    assert not packages.is_whole()
    packages.go()
    lab.run("apply")
    assert packages.is_installed(WAITING)
    assert packages.is_whole()
    assert changes(lab.json("apply")) == []


def test_a_driver_change_that_goes_on_is_waited_for_too(packages, lab, run):
    """Simulated: a unit with the name that host/deeprig_host/driver gives to its own."""
    unit, log = "deeprig-driver-change", "/var/lib/deeprig/driver/work/progress.log"
    packages.shell(f"mkdir -p $(dirname {log}); echo swapping >{log}")
    packages.shell(f"systemd-run --unit={unit} sh -c 'until [ -e {GO} ]; do sleep 0.05; done'")
    try:
        first = run("apply")
        has_lock(packages, first)
        planned = json.dumps(lab.json("plan"))
        assert f"pid {first.process.pid}" in planned
        packages.go()
        document = first.document()
        assert f"unit {unit} runs for" in notes(document, _WAIT_NAME)
        assert "last: swapping" in notes(document, _WAIT_NAME)
        assert packages.is_installed(WAITING)
    finally:
        packages.go()
        packages.shell("rm -rf /var/lib/deeprig/driver")


def test_a_controller_killed_in_a_conda_build_leaves_it_to_end(lab, run, packages):
    environment = {"name": "small", "python": "3.11", "packages": ["idna=3.6"]}
    lab.data(conda=lab.conda_settings(environment), roles=["conda"])
    lab.write("deploy/workstation.py", (ROOT / "deploy/workstation.py").read_text())
    first = run("apply")
    pattern = "'^/opt/conda/bin/python .* create -y -p /opt/conda/generations'"
    try:
        packages.wait_until(f"pkill -STOP -f {pattern}")
        (unit,) = packages.units()
        assert unit.startswith("deeprig-steady-conda-")
        first.kill()
        again = run("apply")
        has_lock(packages, again)
        assert packages.units() == (unit,)
        packages.shell(f"pkill -CONT -f {pattern}")
        document = again.document()
        assert f"unit {unit} runs for" in notes(document, _WAIT_NAME)
        assert f"unit {unit}, whose run was lost, ended with code 0" in notes(document, _WAIT_NAME)
        assert changes(lab.json("apply")) == []
        assert packages.shell("/opt/conda/envs/small/bin/python -c 'print(1)'") == "1\n"
    finally:
        packages.shell(f"pkill -CONT -f {pattern}", code=None)
        wait_until(lambda: packages.units() == (), "the build ends")
        packages.shell("rm -rf /opt/conda /etc/profile.d/deeprig-conda.sh /etc/pip.conf")
