"""Throwaway hosts are real machines, and nothing of them is left behind."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from deeprig.lab import api, cgroups, network
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
    assert done.returncode == code, done.stdout + done.stderr
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
        *(str(c) for c in commands if str(state.directory).encode() in c),
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
    status = json.loads(lab_command("status", "--json", cwd=small).stdout)
    assert status["schema"] == "deeprig.lab.status/1"
    assert status["hosts"][0]["running"] is True
    assert lab_command("ssh", "rig1", "--", "hostname", cwd=small).stdout == "rig1\n"
    lab_command("down", cwd=small)
    assert leftovers(state) == []
    lab_command("down", cwd=small)  # nothing to do is no error
    missing = lab_command("status", cwd=small, code=2)
    assert "deeprig lab up" in missing.stderr


def test_a_killed_up_is_cleaned_by_down(small):
    """Killed as early as the lab's first trace appears, and once more when hosts boot."""
    state = LabState((small / ".lab/default").resolve())
    for trace in (state.directory / "state.json", state.machine("rig2") / "start.sh"):
        command = [sys.executable, "-m", "deeprig", "lab", "up", "--hosts", "3"]
        process = subprocess.Popen(
            command,
            cwd=small,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        while not trace.exists():
            assert process.poll() is None, "up ended before it could be killed"
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert leftovers(state)
        lab_command("down", cwd=small)
        assert leftovers(state) == []


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
    api.down(small / "precious")
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
