"""The two tools under deeprig work without it: pyinfra's command line and pytest's."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.running import ROOT

BIN = Path(sys.executable).parent


@pytest.fixture
def based(lab):
    user = {"name": "grace", "keys": [], "sudo": "password"}
    lab.data(base=lab.base_settings() | {"timezone": "Asia/Tokyo", "users": [user]}, roles=["base"])
    lab.write("deploy/workstation.py", (ROOT / "deploy/workstation.py").read_text())
    yield lab
    lab.ssh("rig2", "userdel -r grace; userdel -r alan; rm -f /etc/motd.d/deeprig")


def tool(lab, *command):
    return subprocess.run(
        command,
        cwd=lab.path,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONSAFEPATH": ""},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def test_pyinfra_itself_gives_the_same_result(based):
    based.hosts(rig2={})
    done = tool(based, str(BIN / "pyinfra"), "inventory/lab.py", "deploy/workstation.py", "-y")
    assert done.returncode == 0, done.stdout + done.stderr
    assert based.ssh("rig2", "id -un grace").stdout == "grace\n"
    # What pyinfra did leaves nothing for deeprig to do, and deeprig's checks pass.
    assert based.json("plan", "--detailed-exitcode", code=0)["hosts"][0]["status"] == "ok"
    assert based.json("verify")["hosts"][0]["status"] == "passed"


def test_pyinfra_itself_refuses_a_bad_inventory_too(based):
    based.hosts(rig2={"base": {"timezone": "Mars/Base"}})
    done = tool(based, str(BIN / "pyinfra"), "inventory/lab.py", "deploy/workstation.py", "-y")
    assert done.returncode != 0
    assert "no time zone" in done.stdout + done.stderr


def test_deeprig_applied_leaves_pyinfra_nothing_to_do(based):
    based.hosts(rig2={})
    based.run("apply")
    done = tool(
        based, str(BIN / "pyinfra"), "inventory/lab.py", "deploy/workstation.py", "-y", "--json"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"changed": true' not in done.stdout.lower()


def test_pytest_runs_the_checks_without_the_deeprig_command(based):
    based.hosts(rig2={})
    based.run("apply")
    port = str(based.state.host("rig2").ssh_port)
    config = based.write(
        "ssh_config",
        f"Host rig2\n HostName 127.0.0.1\n Port {port}\n User deeprig\n"
        f" IdentityFile {based.state.key}\n UserKnownHostsFile {based.state.known_hosts}\n",
    )
    command = [str(BIN / "pytest"), "-q", "--import-mode=importlib", "-p", "no:cacheprovider"]
    command += [str(ROOT / "roles/base/verify.py"), "--hosts=ssh://rig2", f"--ssh-config={config}"]
    command += ["--sudo", f"--deeprig-inventory={based.inventory}", "-c", "/dev/null"]
    done = tool(based, *command)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout
    # And they can fail: the machine no longer is as declared.
    based.ssh("rig2", "userdel -r grace")
    broken = tool(based, *command)
    assert broken.returncode == 1
    assert "user grace exists" in broken.stdout


def test_pytest_without_an_inventory_says_what_it_needs(based):
    done = tool(based, str(BIN / "pytest"), str(ROOT / "roles/base/verify.py"), "-c", "/dev/null")
    assert done.returncode != 0
    assert "--deeprig-inventory" in done.stdout + done.stderr
