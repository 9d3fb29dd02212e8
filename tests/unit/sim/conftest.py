"""A machine of simulated cards, in virtual time, that pynvml of this process talks to."""

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
