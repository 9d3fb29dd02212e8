"""SSH is cut where a role begins that needs another host than the suite's: a GPU, or netplan."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass

import pytest

from tests.e2e.faults.fault_lab import HOST
from tests.e2e.faults.test_controller_faults import cut_ssh, ended
from tests.e2e.faults.verbose_run import VerboseRun
from tests.e2e.netplan_host import NetplanHost, netplan_lab
from tests.e2e.running import ROOT

pytestmark = pytest.mark.full


def cut_as_it_begins(lab, role):
    run = VerboseRun(lab)
    run.wait_for(f"[{HOST}] {role}: ")
    cut_ssh(lab)
    ended(lab, run, f"SSH cut as {role} begins", 3, "unreachable")


@pytest.mark.parametrize("role", ["nvidia_driver", "cuda"])
def test_ssh_that_is_cut_where_a_role_of_a_gpu_begins(gpu, role):
    gpu.start_from("fresh")
    settings = gpu.from_nvidia(branch="580")
    toolkits = {"toolkits": ["13.0"], "nvidia_repository": settings["nvidia_repository"]}
    gpu.write(
        "deploy/workstation.py",
        "from deeprig.compose import deploy_roles\ndeploy_roles('nvidia_driver', 'cuda')\n",
    )
    gpu.declare(settings, roles=("cuda",), cuda=toolkits)
    cut_as_it_begins(gpu, role)


@dataclass(frozen=True)
class WiredHost(NetplanHost):
    """A host with netplan, as the suite's own hosts are asked."""

    def root(self, command):
        done = self.at(self.address, command)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout.strip()


def test_ssh_that_is_cut_where_the_network_begins(tmp_path):
    with netplan_lab(ROOT / ".lab" / f"wired-faults-{os.getpid()}") as state:
        lab = WiredHost(tmp_path / "lab", state, None)
        lab.path.mkdir()
        # No name server is in this lab's network.
        lab.declare(lab.lan() | {"dns_probe_name": "localhost"})
        cut_as_it_begins(lab, "network")
        shutil.rmtree(lab.path)
