"""A host that applies itself: deeprig lies on it, and the lab comes from a signed repository."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from deeprig.lab import access, api
from deeprig.lab.requirements import check_requirements
from deeprig.lab.state import BRIDGE_ADDRESS, PROXY_PORT
from tests.e2e.running import ROOT

pytestmark = pytest.mark.full

PROXY = f"http://{BRIDGE_ADDRESS}:{PROXY_PORT}"
PROGRAM = "/opt/deeprig/controller/bin/deeprig"
#: As docs/scale.md has it; the wheels are of the same release as the host's Python.
INSTALL = f"""set -e
export http_proxy={PROXY} https_proxy={PROXY} no_proxy={BRIDGE_ADDRESS}
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update
apt-get -qq -y --no-install-recommends install git python3-venv openssh-client >/dev/null
python3 -m venv /opt/deeprig/controller
/opt/deeprig/controller/bin/pip -q install --no-index --find-links WHEELS \\
    --trusted-host {BRIDGE_ADDRESS} deeprig
mkdir -p /etc/deeprig
"""
LAB = """workstations = [
    ("rig1", {"ssh_hostname": "192.0.2.1", "roles": ["base"]}),
    ("rig2", {"ssh_hostname": "192.0.2.2", "roles": ["base", "backup"],
              "backup": {"repositories": {"far": {"url": "/mnt/far",
                         "password": {"file": "/only/on/rig2"}}}}}),
]
"""


def run(*words, cwd=ROOT):
    fixed = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}
    done = subprocess.run(
        words, cwd=cwd, env=os.environ | fixed, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


class Upstream:
    """The lab's repository on the controller, served to the host over plain http."""

    def __init__(self, directory, served):
        self.work, self.bare, self.key = directory / "work", served / "lab.git", directory / "ada"
        self.work.mkdir()
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.key))
        run("git", "init", "-q", "-b", "main", cwd=self.work)
        run("git", "init", "-q", "--bare", "-b", "main", str(self.bare))
        for name, value in (
            ("user.name", "Ada"),
            ("user.email", "ada@lab.example"),
            ("gpg.format", "ssh"),
            ("user.signingkey", str(self.key)),
        ):
            run("git", "config", name, value, cwd=self.work)

    @property
    def signers(self):
        """The line of the list of allowed signers."""
        kind, key, *_ = self.key.with_suffix(".pub").read_text().split()
        return f"ada@lab.example {kind} {key}"

    def commit(self, message, *, signed):
        (self.work / "inventory/group_data").mkdir(parents=True, exist_ok=True)
        (self.work / "inventory/lab.py").write_text(LAB)
        base = {"apt": {"proxy": PROXY}, "packages": ["less"]}
        base |= {"limits": limits} if (limits := access.highest_limits()) else {}
        (self.work / "README").write_text(message)
        (self.work / "inventory/group_data/all.py").write_text(f"base = {base!r}\ngpu_count = 0\n")
        run("git", "add", ".", cwd=self.work)
        signing = ["-S"] if signed else []
        run("git", "commit", "-q", "-m", message, *signing, cwd=self.work)
        run("git", "push", "-q", str(self.bare), "main", cwd=self.work)
        run("git", "-C", str(self.bare), "update-server-info")
        return run("git", "rev-parse", "HEAD", cwd=self.work)


@pytest.fixture(scope="module")
def wheels(tmp_path_factory):
    """Wheels of deeprig and of all it needs, for the controller's Python."""
    directory = tmp_path_factory.mktemp("wheels")
    run(sys.executable, "-m", "pip", "wheel", "-q", str(ROOT), "-w", str(directory))
    return directory


@pytest.fixture(scope="module")
def puller(tmp_path_factory, wheels):
    """A host with deeprig on it, and the repository it pulls."""
    if sys.version_info[:2] != (3, 11):
        pytest.skip("the wheels are of this Python, and the host (Debian 12) has Python 3.11")
    check_requirements()
    directory = ROOT / ".lab" / f"pull-{os.getpid()}"
    served = tmp_path_factory.mktemp("git")
    upstream = Upstream(tmp_path_factory.mktemp("upstream"), served)
    try:
        pairs = (("wheels", wheels), ("git", served))
        state = api.up(api.LabSpec(directory, 1, "debian12", served=pairs))
        yield Puller(state, upstream)
    finally:
        api.down(directory)
        assert not directory.exists()


class Puller:
    """The host, asked past deeprig."""

    def __init__(self, state, upstream):
        self.state, self.upstream = state, upstream
        install = INSTALL.replace("WHEELS", state.url("wheels"))
        done = self.ssh(f"{install}echo '{upstream.signers}' > /etc/deeprig/signers")
        assert done.returncode == 0, done.stdout + done.stderr

    def ssh(self, command):
        known = f"UserKnownHostsFile={self.state.known_hosts}"
        host = self.state.host("rig1")
        words = ["ssh", "-F", "/dev/null", "-i", str(self.state.key), "-p", str(host.ssh_port)]
        words += ["-o", known, "-o", "LogLevel=ERROR", "root@127.0.0.1", command]
        return subprocess.run(words, capture_output=True, text=True, timeout=900, check=False)

    def pull(self, *arguments, code=0):
        url = f"{self.state.url('git')}lab.git"
        signers = "--allowed-signers /etc/deeprig/signers"
        done = self.ssh(f"{PROGRAM} pull {url} {signers} {' '.join(arguments)}")
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done

    def status(self):
        return json.loads(self.ssh("cat /var/lib/deeprig/status/pull.json").stdout)


def test_a_host_applies_what_its_owner_signed_and_nothing_else(puller):
    first = puller.upstream.commit("Welcome", signed=True)
    planned = json.loads(puller.pull("--plan", "--json").stdout)
    assert {run["host"] for run in planned["hosts"]} == {"rig1"}
    assert puller.ssh("test -e /etc/motd.d/deeprig").returncode != 0

    applied = json.loads(puller.pull("--json").stdout)
    (host,) = applied["hosts"]
    assert (host["host"], host["status"]) == ("rig1", "ok")
    assert any(result["status"] == "changed" for result in host["operations"])
    assert (puller.status()["ok"], puller.status()["commit"]) == (True, first)

    again = json.loads(puller.pull("--json").stdout)
    (host,) = again["hosts"]
    assert {result["status"] for result in host["operations"]} == {"unchanged"}

    puller.upstream.commit("Forged", signed=False)
    refused = puller.pull(code=1)
    assert "it has no signature" in refused.stderr
    assert (puller.status()["ok"], puller.status()["commit"]) == (False, None)
    unchanged = puller.ssh("git -C /var/lib/deeprig/pull/lab rev-parse HEAD").stdout.strip()
    assert unchanged == first

    mended = puller.upstream.commit("Signed again", signed=True)
    puller.pull()
    assert (puller.status()["ok"], puller.status()["commit"]) == (True, mended)


def test_a_repository_that_is_gone_is_unreachable_and_changes_nothing(puller):
    done = puller.ssh(f"{PROGRAM} pull https://127.0.0.1:1/lab.git --host rig1")
    assert done.returncode == 3, done.stderr
    assert puller.status()["exit_code"] == 3
