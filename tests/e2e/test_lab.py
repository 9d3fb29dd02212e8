"""Throwaway hosts are real machines, and nothing of them is left behind."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from deeprig.errors import UsageProblem
from deeprig.lab import api, cgroups, lab_directory, machine, network
from deeprig.lab.image import image_of
from deeprig.lab.state import LabState
from tests.e2e.running import ROOT


def lab_command(*arguments, cwd, code=0):
    done = subprocess.run(
        [sys.executable, "-m", "deeprig", "lab", *arguments],
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert code is None or done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done


def leftovers(state):
    """Return everything of a lab that is still there."""
    mounts = Path("/proc/self/mounts").read_text()
    commands = [p.read_bytes() for p in Path("/proc").glob("[0-9]*/cmdline") if readable(p)]
    return [
        *(str(path) for path in cgroups.of_lab(state.id)),
        *([state.id] if network.exists(state.id) else []),
        *([str(state.directory)] if str(state.directory) in mounts else []),
        *(str(c) for c in commands if str(state.directory.parent).encode() in c),
        *([str(state.directory)] if state.directory.exists() else []),
    ]


def readable(path):
    try:
        path.read_bytes()
    except OSError:  # it ended meanwhile
        return False
    return True


@pytest.fixture
def small(tmp_path):
    """The directory in which a lab of its own is made, and cleaned whatever happens."""
    yield tmp_path
    api.down(tmp_path / ".lab/default")


@pytest.mark.parametrize("rig", ["rig1", "rig2"])
def test_a_host_is_a_whole_machine(lab, rig):
    """rig1 is Debian 12, rig2 Debian 13."""
    assert lab.ssh(rig, "systemctl is-system-running").stdout.strip() == "running"
    for unit in ("cron", "ssh"):
        assert lab.ssh(rig, f"systemctl is-active {unit}").stdout.strip() == "active"
    assert lab.ssh(rig, "su - deeprig -c 'sudo -n id -u'").stdout.strip() == "0"
    version = lab.ssh(rig, ". /etc/os-release; echo $VERSION_ID").stdout.strip()
    assert version == {"rig1": "12", "rig2": "13"}[rig]


def test_apt_goes_out_through_the_gateway_and_others_are_refused(lab):
    proxy = "http://10.213.0.1:3128"
    updated = lab.ssh("rig1", f"apt-get -o Acquire::http::Proxy={proxy} update")
    assert updated.returncode == 0, updated.stderr
    code = (
        "import urllib.request as u, urllib.error\n"
        f"o = u.build_opener(u.ProxyHandler({{'http': '{proxy}'}}))\n"
        "try:\n    o.open('http://not-allowed.example/', timeout=20)\n"
        "except urllib.error.HTTPError as e:\n    print(e.code, e.read().decode())\n"
    )
    refused = lab.ssh("rig1", f'python3 -c "{code}"')
    assert refused.stdout.startswith("403 deeprig lab: not-allowed.example is not on this lab's")
    # And there is no other way out than the proxy.
    assert lab.ssh("rig1", "ip route show default").stdout == ""


def test_pip_goes_out_with_the_controllers_authorities(lab):
    """After the base role, pip inside the host reaches the index the controller uses."""
    from deeprig.lab import access

    certificates = access.extra_certificates()
    base = lab.base_settings() | {"packages": ["python3-venv"]}
    if certificates:
        lab.write("extra-ca.pem", "\n".join(certificates) + "\n")
        base["ca_certificates"] = ["extra-ca.pem"]
    lab.data(base=base, roles=["base"])
    lab.hosts(rig3={})
    lab.write("deploy/workstation.py", (ROOT / "deploy/workstation.py").read_text())
    lab.run("apply")
    command = "su - deeprig -c 'python3 -m venv v && v/bin/pip download -q --no-deps six && ls'"
    done = lab.ssh("rig3", command)
    assert "six-" in done.stdout, done.stdout + done.stderr


def test_up_status_down_and_nothing_is_left(small):
    image_of("debian12", "warm")
    up = lab_command("up", cwd=small)
    assert "cached" in up.stderr
    assert "deeprig apply -i .lab/default/inventory/lab.py" in up.stdout
    state = LabState.load(small / ".lab/default")
    up_again = json.loads(lab_command("up", "--json", cwd=small).stdout)
    status = json.loads(lab_command("status", "--json", cwd=small).stdout)
    assert status["schema"] == "deeprig.lab.status/1"
    assert status["hosts"][0]["running"] is True
    assert up_again == status
    assert lab_command("ssh", "rig1", "--", "hostname", cwd=small).stdout == "rig1\n"
    lab_command("down", cwd=small)
    assert leftovers(state) == []
    gone = lab_command("down", "--json", cwd=small)  # nothing to do is no error
    assert json.loads(gone.stdout) == {"schema": "deeprig.lab.down/1", "name": "default"}
    missing = lab_command("status", cwd=small, code=2)
    assert "deeprig lab up" in missing.stderr


def started_up(small, *arguments, **environment):
    """Start `lab up` in a process of its own and return it."""
    return subprocess.Popen(
        [sys.executable, "-m", "deeprig", "lab", "up", *arguments],
        cwd=small,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_for(trace, process):
    """Wait until a path (the first match of a pattern) exists while the process runs."""
    while not list(trace.parent.glob(trace.name)):
        assert process.poll() is None, "up ended before it could be stopped"


def test_a_killed_up_is_cleaned_by_down(small):
    """Killed as early as the lab's first trace appears, and once more when hosts boot."""
    image_of("debian12", "warm")
    state = LabState((small / ".lab/default").resolve())
    for trace in (
        state.directory,
        state.directory / "gateway.sock",
        state.machine("rig1") / "upper",
        state.machine("rig2") / "start.sh",
    ):
        process = started_up(small, "--hosts", "3")
        wait_for(trace, process)
        process.kill()
        process.communicate()
        assert leftovers(state)
        lab_command("down", cwd=small)
        assert leftovers(state) == []
        assert not (small / ".lab").exists()


def test_an_up_killed_while_it_makes_an_image_is_cleaned_by_down(small):
    """mmdebstrap would go on by itself, with mounts, for a minute."""
    state = LabState((small / ".lab/default").resolve())
    cache = small / "cache"
    process = started_up(small, XDG_CACHE_HOME=str(cache))
    making = cache / f"deeprig/images/.making-{state.id}"
    wait_for(making / "root/var/*", process)
    process.kill()
    process.communicate()
    assert any(path.name.endswith(".image") for path in cgroups.of_lab(state.id))
    os.environ["XDG_CACHE_HOME"] = str(cache)
    try:
        lab_command("down", cwd=small)
    finally:
        del os.environ["XDG_CACHE_HOME"]
    assert leftovers(state) == []
    assert not making.exists()
    assert str(cache) not in Path("/proc/self/mounts").read_text()


def test_ctrl_c_takes_a_new_lab_down_again(small):
    image_of("debian12", "warm")
    state = LabState((small / ".lab/default").resolve())
    process = started_up(small, "--hosts", "2")
    wait_for(state.machine("rig1") / "start.sh", process)
    os.killpg(process.pid, signal.SIGINT)
    said = process.communicate()[1]
    assert process.returncode == 130, said
    assert "nothing is left of the lab" in said
    assert "Traceback" not in said
    state.directory.parent.rmdir()
    assert leftovers(state) == []


def test_ctrl_c_leaves_the_hosts_that_were_there(small):
    lab_command("up", cwd=small)
    process = started_up(small, "--hosts", "3")
    state = LabState((small / ".lab/default").resolve())
    wait_for(state.machine("rig2") / "start.sh", process)
    os.killpg(process.pid, signal.SIGINT)
    said = process.communicate()[1]
    assert process.returncode == 130, said
    assert "'deeprig lab up' completes it" in said
    lab_command("up", "--hosts", "3", cwd=small)
    for host in ("rig1", "rig2", "rig3"):
        assert lab_command("ssh", host, "hostname", cwd=small).stdout == f"{host}\n"


def test_one_command_at_a_time(small):
    (small / ".lab/default").mkdir(parents=True)
    with lab_directory.locked(small / ".lab/default"):
        for command in ("up", "down"):
            assert "at work on it" in lab_command(command, cwd=small, code=2).stderr


def test_a_host_reboots_and_comes_back(small):
    """The engine's reboot is proven by the boot id: it must be a new one, seen by the host too."""
    (small / "served").mkdir()
    (small / "served/wheel.whl").write_bytes(b"x" * 5_000_000)
    lab_command("up", "--serve", "dist=served", cwd=small)
    read_boot_id = ("ssh", "rig1", "--", "cat", "/proc/sys/kernel/random/boot_id")
    before = lab_command(*read_boot_id, cwd=small).stdout.strip()
    status = json.loads(lab_command("status", "--json", cwd=small).stdout)
    assert status["hosts"][0]["boot_id"] == before
    # What a role has changed is still there after a reboot, as on a real machine.
    lab_command(
        "ssh", "--", "sudo touch /etc/changed && sudo systemctl reboot", cwd=small, code=None
    )
    state = LabState.load((small / ".lab/default").resolve())
    deadline = time.monotonic() + 60
    while machine.boot_id(state, state.hosts[0]) in (before, None):
        assert time.monotonic() < deadline, "it did not come back"
    machine.wait_until_ssh_answers(state, state.hosts[0])
    after = lab_command(*read_boot_id, cwd=small).stdout.strip()
    assert after not in (before, "")
    assert lab_command("ssh", "--", "ls /etc/changed", cwd=small).stdout == "/etc/changed\n"
    # It reaches what is served to it, and the controller reaches the same.
    count = "import sys, urllib.request as u; print(len(u.urlopen(sys.argv[1]).read()))"
    url = f"{state.url('dist')}wheel.whl"
    seen = lab_command("ssh", "--", f"python3 -c '{count}' {url}", cwd=small).stdout
    assert seen == "5000000\n"
    own = (sys.executable, "-c", count, f"{state.controller_url('dist')}wheel.whl")
    assert subprocess.run(own, capture_output=True, text=True, check=True).stdout == seen


def test_nothing_of_ours_and_no_proxy_is_in_a_fresh_host(small):
    lab_command("up", cwd=small)
    found = lab_command(
        "ssh", "--", "grep -rIl -e 3128 -e Proxy /etc/apt /etc/environment; true", cwd=small
    )
    assert found.stdout == ""
    said = lab_command("ssh", "--", "command -v pip3 conda git; ls -A /opt", cwd=small, code=None)
    assert said.stdout == ""
    allowed = lab_command("ssh", "--", "sudo sshd -T", cwd=small).stdout
    assert "permitrootlogin without-password" in allowed
    assert "rig1" in lab_command("ssh", "--user", "root", "rig1", "hostname", cwd=small).stdout


def test_up_again_starts_what_stopped(small):
    """A controller's reboot ends gateway and hosts; `up` brings them back."""
    lab_command("up", cwd=small)
    state = LabState.load((small / ".lab/default").resolve())
    for cgroup in cgroups.of_lab(state.id):
        cgroups.end(cgroup)
    lab_command("up", "--hosts", "2", cwd=small)
    for host in ("rig1", "rig2"):
        assert lab_command("ssh", host, "hostname", cwd=small).stdout == f"{host}\n"


def test_down_removes_nothing_that_is_no_lab(small):
    precious = small / "precious/machines"
    precious.mkdir(parents=True)
    (precious / "thesis.txt").write_text("x")
    lab_command("down", "--name", "../precious", cwd=small, code=2)
    with pytest.raises(UsageProblem, match="left alone"):
        api.down(small / "precious")
    with pytest.raises(UsageProblem, match="something else than a lab"):
        api.up(api.LabSpec(small / "precious"))
    assert (precious / "thesis.txt").exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--hosts", "0"), "1 to 200"),
        (("--os", "beos"), "debian12, debian13"),
        (("--serve", "nothing"), "NAME=DIRECTORY"),
        (("--serve", "x=/no/such/place"), "no directory"),
        (("--data", "/no/such/file"), "no such file"),
        (("--name", "../up"), "lower-case letters"),
    ],
)
def test_wrong_use_is_told_and_leaves_nothing(small, arguments, told):
    state = LabState((small / ".lab/default").resolve())
    done = lab_command("up", *arguments, cwd=small, code=2)
    assert told in done.stderr
    assert leftovers(state) == []
