"""The CI examples' own scripts, step by step as their services run them, against real hosts.

GitHub's and GitLab's machines are simulated: what they set is set here, and pip finds deeprig in a
wheel of this checkout.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from junitparser import JUnitXml

from deeprig.lab.state import LOGIN_USER
from tests.ci import pipeline
from tests.e2e.running import ROOT

pytestmark = pytest.mark.full

#: What a step does with the home directory stays in a layer over it. ssh(1) asks the user database
#: for the home, not the environment.
_AT_HOME = """set -e
mount -t overlay overlay -o "lowerdir=$HOME,upperdir=$0/home,workdir=$0/work" "$HOME"
exec bash -eo pipefail -c "$1"
"""
#: Both run Debian 12; the first one drifts.
HOST, OTHER = "rig3", "rig1"
OWN = (ROOT / ".github/workflows/test.yml").read_text()
DIFFER = "Do hosts differ from each other?"
#: What the base role places; without it, a host has drifted.
PLACED = "/etc/security/limits.d/80-deeprig.conf"


class Runner:
    """A machine of a CI service: a home of its own, a checkout, and steps run by bash."""

    def __init__(self, path, checkout):
        self.path, self.checkout = path, checkout
        for name in ("home/.ssh", "work", "temporary", "programs"):
            (path / name).mkdir(parents=True)
        os.setxattr(path / "home/.ssh", "trusted.overlay.opaque", b"y")  # nobody's keys but ours
        self.added_paths = path / "added-paths"
        self.added_paths.touch()
        sudo = path / "programs/sudo"  # the tests are root already, and may lack sudo(8)
        sudo.write_text('#!/bin/sh\nexec "$@"\n')
        sudo.chmod(0o755)
        self.variables = {}

    def step(self, step):
        added = [*reversed(self.added_paths.read_text().split()), str(self.path / "programs")]
        own = {
            k: v for k, v in os.environ.items() if not k.startswith(("SSH_", "DEEPRIG", "VIRTUAL"))
        }
        environment = own | step.variables | self.variables
        environment |= {
            "HOME": str(Path.home()),
            "PATH": ":".join([*added, os.environ["PATH"]]),
            "RUNNER_TEMP": str(self.path / "temporary"),
            "GITHUB_PATH": str(self.added_paths),
        }
        return subprocess.run(
            [
                *("unshare", "--mount", "--propagation", "private"),
                *("sh", "-c", _AT_HOME, str(self.path), step.script),
            ],
            cwd=self.checkout,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )

    def run(self, job):
        """Run a job's steps; return each step's exit code, None where it was left out."""
        shutil.rmtree(self.checkout / "results", ignore_errors=True)
        codes, self.said = {}, {}
        for step in job.steps:
            if any(codes.values()) and not step.always:
                codes[step.name] = None
                continue
            done = self.step(step)
            codes[step.name] = done.returncode
            self.said[step.name] = done.stdout + done.stderr
        return codes

    def kept(self, job):
        return [name for name in job.artifacts if (self.checkout / name).is_file()]


@pytest.fixture(scope="module")
def wheels(tmp_path_factory):
    made = tmp_path_factory.mktemp("wheels")
    words = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(made), str(ROOT)]
    subprocess.run(words, check=True, capture_output=True)
    return made


@pytest.fixture
def watched(lab, wheels, tmp_path):
    """A runner whose checkout holds the inventory of two hosts, which are as declared."""
    lab.hosts(**{HOST: {}, OTHER: {}})
    lab.data(base=lab.base_settings(), roles=["base"], ssh_user=LOGIN_USER)
    lab.run("apply")
    data = lab.path / "inventory/group_data/all.py"
    lines = data.read_text().splitlines()
    # A CI machine has its key and the hosts' keys in its home.
    kept = [x for x in lines if not x.startswith(("ssh_key", "ssh_known_hosts_file"))]
    data.write_text("\n".join(kept) + "\n")
    runner = Runner(tmp_path, lab.path)
    runner.variables["PIP_FIND_LINKS"] = str(wheels)
    yield runner
    lab.ssh(HOST, f"rm -f {PLACED}")


def test_github_s_example_verifies_a_lab_and_tells_drift(watched, lab):
    (job,) = pipeline.github((ROOT / "docs/ci/github-lab.yml").read_text())
    watched.variables |= {
        "LAB_SSH_KEY": lab.state.key.read_text().strip(),
        "LAB_KNOWN_HOSTS": lab.state.known_hosts.read_text(),
    }
    codes = watched.run(job)
    # Other tests have used these hosts: they may differ from each other.
    assert codes.pop(DIFFER) in (0, 4), watched.said
    assert set(codes.values()) == {0}, watched.said
    assert watched.kept(job) == list(job.artifacts)
    suites = JUnitXml.fromfile(str(watched.checkout / "results/verify.xml"))
    assert suites.tests > 0
    assert suites.failures == suites.errors == 0
    assert json.loads((watched.checkout / "results/verify.json").read_text())["exit_code"] == 0
    assert not (watched.path / "home/.ssh/id_ed25519").exists()

    lab.ssh(HOST, f"rm {PLACED}")
    codes = watched.run(job)
    assert codes["Has a host drifted?"] == 4
    assert codes["Reports"] == 0
    assert watched.kept(job) == list(job.artifacts)
    assert not (watched.path / "home/.ssh/id_ed25519").exists()


def test_gitlab_s_example_verifies_a_lab_and_tells_drift(watched, lab):
    watched.variables |= {
        "LAB_SSH_KEY": str(lab.state.key),
        "LAB_KNOWN_HOSTS": str(lab.state.known_hosts),
    }
    jobs = pipeline.gitlab((ROOT / "docs/ci/gitlab-lab.yml").read_text())
    for job in jobs:
        codes = watched.run(job)
        good = (0, 4) if job.name == "differences" else (0,)
        assert codes["script"] in good, watched.said
        assert codes["after_script"] == 0, watched.said
        assert watched.kept(job) == list(job.artifacts)
    lab.ssh(HOST, f"rm {PLACED}")
    drift = next(job for job in jobs if job.name == "drift")
    assert watched.run(drift) == {"script": 4, "after_script": 0}
    assert watched.kept(drift) == list(drift.artifacts)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A copy of this checkout, in which the matrix' steps install deeprig as they do."""
    made = tmp_path_factory.mktemp("matrix") / "deeprig"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (made / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, made / name)
    return made


@pytest.mark.parametrize(
    "cell", pipeline.github_cells(OWN, "role"), ids=lambda cell: "-".join(cell.values())
)
def test_a_cell_of_our_own_matrix(checkout, tmp_path, cell):
    (job,) = (job for job in pipeline.github(OWN, cell) if job.name == "role")
    runner = Runner(tmp_path, checkout)
    try:
        codes = runner.run(job)
        assert set(codes.values()) == {0}, runner.said
        assert runner.kept(job) == list(job.artifacts)
        assert " 0 of " in f" {runner.said['A second apply changes nothing']}"
    finally:
        runner.step(job.steps[-1])
    assert not (checkout / ".lab/ci").exists()
