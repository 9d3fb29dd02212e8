"""A machine of simulated cards, in virtual time, that pynvml of this process talks to."""

import subprocess
import sys
from pathlib import Path

import pynvml
import pytest

# The host's programs stand in a distribution of their own.
sys.path.insert(0, str(Path(__file__).parents[3] / "host"))

from tests.sim.thermal.api import Machine, Plant
from tests.sim.thermal.build import build_library
from tests.sim.thermal.inside import nvml_of


@pytest.fixture(scope="session")
def library(tmp_path_factory):
    """Return libnvidia-ml.so.1 with its companions beside it."""
    return build_library(tmp_path_factory.mktemp("simulated-nvml"))


@pytest.fixture
def plant(library, tmp_path):
    """Return a plant without cards; describe it."""
    return Plant(tmp_path / "plant", library.parent)


@pytest.fixture
def machine_of(plant):
    """Return a function that describes a machine in virtual time, cold, and gives the plant."""

    def describe(*cards, **values):
        plant.describe(Machine(cards, {"is_virtual": 1, **values}))
        return plant

    return describe


@pytest.fixture
def nvml(library, plant):
    """Make pynvml of this process talk to the plant."""
    with nvml_of(library, plant.directory):
        yield


@pytest.fixture
def fans_at(nvml):
    """Return a function that sets every fan of the first card by hand."""

    def put(percent):
        pynvml.nvmlInit()
        device = pynvml.nvmlDeviceGetHandleByIndex(0)
        for fan in range(pynvml.nvmlDeviceGetNumFans(device)):
            pynvml.nvmlDeviceSetFanSpeed_v2(device, fan, percent)
        pynvml.nvmlShutdown()

    return put


@pytest.fixture
def device(machine_of):
    """Return a function that gives the handle of the first card of a new machine."""

    def first(*cards, **values):
        machine_of(*cards, **values)
        pynvml.nvmlInit()
        return pynvml.nvmlDeviceGetHandleByIndex(0)

    yield first
    pynvml.nvmlShutdown()


@pytest.fixture
def process(library, plant):
    """Return a function that starts Python code in a process of its own, with NVML (n) open."""
    started = []

    def start(code):
        environment = {
            "DEEPRIG_SIM_THERMAL": str(plant.directory),
            "LD_LIBRARY_PATH": str(library.parent),
        }
        command = [sys.executable, "-c", f"import os, sys, pynvml as n; n.nvmlInit(); {code}"]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        started.append(subprocess.Popen(command, env=environment, **pipes))
        return started[-1]

    yield start
    for one in started:
        one.kill()
        one.communicate()
