"""The cuda role on a real host, from the simulated NVIDIA repository (packages are simulated)."""

import os

import pytest

from deeprig.lab import api
from tests.e2e.running import ROOT, LabDirectory
from tests.sim.repository.api import build

HOST = "rig1"


@pytest.fixture(scope="module")
def repositories():
    return build()


@pytest.fixture(scope="module")
def cuda_host(repositories):
    directory = ROOT / ".lab" / f"cuda-{os.getpid()}"
    try:
        served = (("nvidia", repositories.nvidia),)
        yield api.up(api.LabSpec(directory, 1, "debian12", served=served))
    finally:
        api.down(directory)


@pytest.fixture
def cuda(cuda_host, tmp_path, repositories):
    """A lab whose only role is cuda, and a function that declares its settings."""
    lab = LabDirectory(tmp_path / "lab", cuda_host, None)
    lab.path.mkdir()
    lab.hosts(rig1={})
    package = "debian12/x86_64/cuda-keyring_1.1-1_all.deb"
    repository = {
        "base_url": cuda_host.url("nvidia").rstrip("/"),
        "keyring_url": f"{cuda_host.controller_url('nvidia')}{package}",
        "keyring_sha256": repositories.keyring_sha256("debian12"),
        "fingerprint": repositories.fingerprint,
    }

    def declare(**settings):
        given = {"nvidia_repository": repository} | settings
        lab.data(roles=["cuda"], cuda=given)
        return lab

    lab.ssh(HOST, "mkdir -p /etc/deeprig-sim && echo simulated > /etc/deeprig-sim/simulated")
    return declare


def changed(document):
    return [o["name"] for o in document["hosts"][0]["operations"] if o["status"] == "changed"]


def test_two_toolkits_and_a_switch_of_the_default(cuda):
    lab = cuda(toolkits=["12.9", "13.0"])
    lab.ssh(
        HOST, "echo 'deb http://old.test/compute/cuda/repos/x/ /' > /etc/apt/sources.list.d/o.list"
    )
    lab.run("apply")
    assert lab.ssh(HOST, "ls /etc/apt/sources.list.d/o.list").returncode != 0
    assert lab.ssh(HOST, "ls /etc/apt/sources.list.d/cuda-debian12-x86_64.list").returncode != 0
    assert lab.ssh(HOST, "readlink -f /usr/local/cuda").stdout.strip() == "/usr/local/cuda-13.0"
    assert "12.9" in lab.ssh(HOST, "/usr/local/cuda-12.9/bin/nvcc --version").stdout
    assert changed(lab.json("apply")) == []
    assert lab.json("verify")["hosts"][0]["status"] == "passed"

    lab = cuda(toolkits=["12.9", "13.0"], default="12.9")
    assert lab.json("verify", code=1)["hosts"][0]["status"] == "failed"
    lab.run("apply")
    assert lab.ssh(HOST, "readlink -f /usr/local/cuda").stdout.strip() == "/usr/local/cuda-12.9"
    assert "+cuda12.9" in lab.ssh(HOST, "dpkg-query -W libnccl2").stdout
    assert lab.ssh(HOST, "dpkg-query -W libcudnn9-cuda-12").returncode == 0
    assert changed(lab.json("apply")) == []
    assert lab.json("verify")["hosts"][0]["status"] == "passed"


def test_nccl_for_a_toolkit_that_has_none_is_refused_with_what_there_is(cuda):
    document = cuda(toolkits=["12.6"]).json("apply", code=1)
    told = document["hosts"][0]["operations"][-1]
    failed = [o for o in document["hosts"][0]["operations"] if o["status"] == "failed"]
    assert failed, told
    assert "2.29.7-1+cuda12.9" in failed[0]["output"]
