"""One lab of throwaway hosts for the whole run; every test has lab directories of its own."""

from __future__ import annotations

import os
import shutil

import pytest

from deeprig.lab import api
from deeprig.lab.requirements import check_requirements
from tests.channel.api import DEFAULT_CACHE, build
from tests.e2e.gpu_lab import HOST, WORKSTATION, GpuLab
from tests.e2e.running import ROOT, LabDirectory
from tests.sim.hosts import api as sim
from tests.sim.hosts.image import kernel_release, sim_image
from tests.sim.repository.api import build as build_repositories
from tests.sim.repository.prebuilt import KernelRoot

#: rig1 and rig3 run Debian 12, rig2 runs Debian 13.
_HOSTS = (("debian12", 1), ("debian13", 2), ("debian12", 3))


def pytest_collection_modifyitems(items):
    for item in items:
        if "tests/e2e" in str(item.path):
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="session")
def channel():
    """The locally built channel, installer and wheelhouse (built once, cached)."""
    return build(DEFAULT_CACHE / "out")


@pytest.fixture(scope="session")
def hosts(channel):
    """Throwaway hosts rig1 to rig3, with the channel served to them."""
    check_requirements()
    directory = ROOT / ".lab" / f"tests-{os.getpid()}"
    try:
        for os_name, count in _HOSTS:
            served = (("dist", channel.out),)
            state = api.up(api.LabSpec(directory, count, os_name, served=served))
        yield state
    finally:
        api.down(directory)
        assert not directory.exists()


@pytest.fixture
def lab(hosts, channel, tmp_path):
    """An empty lab directory; the test declares hosts and data."""
    made = LabDirectory(tmp_path / "lab", hosts, channel)
    made.path.mkdir()
    made.data()
    yield made
    shutil.rmtree(made.path)


@pytest.fixture(scope="session")
def repositories():
    """The simulated NVIDIA and Ubuntu repositories, with modules prebuilt for the hosts' kernel."""
    image = sim_image()
    return build_repositories(kernels=(KernelRoot(image, kernel_release(image)),))


@pytest.fixture(scope="session")
def gpu_state(repositories, tmp_path_factory):
    """One simulated GPU machine, and a served copy of the repositories."""
    check_requirements()
    directory = ROOT / ".lab" / f"gpu-{os.getpid()}"
    served = tmp_path_factory.mktemp("served")
    for name in ("nvidia", "ubuntu"):
        (served / name).mkdir()
    try:
        pairs = tuple((name, served / name) for name in ("nvidia", "ubuntu"))
        state = sim.sim_lab(directory, 1, pairs)
        host = state.host(HOST)
        sim.add_ubuntu_archive(state, host, "24.04", repositories.public_key)
        sim.become(state, host, WORKSTATION)
        sim.keep_disk(state, host, "fresh")
        yield state, served
    finally:
        api.down(directory)
        assert not directory.exists()


@pytest.fixture
def gpu(gpu_state, repositories, tmp_path):
    """An empty lab directory over the simulated GPU machine; its repositories are whole."""
    state, served = gpu_state
    made = GpuLab(tmp_path / "lab", state, None, repositories, served)
    made.path.mkdir()
    made.mend_repositories()
    yield made
    shutil.rmtree(made.path)
