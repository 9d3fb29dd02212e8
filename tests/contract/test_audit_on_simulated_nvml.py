"""The hardware collector and the simulated NVML agree: each was written from nvml.h by itself."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sim.thermal import api
from tests.sim.thermal.cards import OPEN_AIR_350, PASSIVE_300, Machine

HOST = Path(__file__).parents[2] / "host"


@pytest.fixture
def plant(tmp_path):
    api.build_library(tmp_path)
    (tmp_path / "state").mkdir()
    made = api.Plant(tmp_path / "state", tmp_path)
    made.describe(Machine((OPEN_AIR_350, PASSIVE_300), {"is_virtual": 1}))
    return made


def ask(directory):
    """Return the values and the errors of each card, as the collector's child tells them."""
    done = subprocess.run(
        [sys.executable, "-m", "deeprig_host.audit.nvml_child"],
        env=os.environ
        | {
            "PYTHONPATH": str(HOST),
            "LD_LIBRARY_PATH": str(directory),
            "DEEPRIG_SIM_THERMAL": str(directory / "state"),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    answer = json.loads(done.stdout)
    assert answer["error"] is None
    return answer["gpus"]


def test_every_field_is_answered(plant, tmp_path):
    first, second = ask(tmp_path)
    # NVLink is what the simulated library does not have.
    assert set(first["errors"]) | set(second["errors"]) <= {"nvlink_count"}
    assert first["values"]["name"].startswith("Simulated")
    assert first["values"]["memory_bytes"] == 24 * 1024**3
    assert first["values"]["power_limit_watts"] == 350
    assert (first["values"]["fan_count"], second["values"]["fan_count"]) == (2, 0)
    assert first["values"]["is_slowed_by_heat"] is False


def test_a_card_that_heat_slows_down_says_so(plant, tmp_path):
    plant.set("all", "room_c", 60)
    plant.set_load(0, 100)
    plant.step(3600)
    first, second = (gpu["values"] for gpu in ask(tmp_path))
    assert first["is_slowed_by_heat"] is True
    assert first["temperature_celsius"] > second["temperature_celsius"]


def test_a_lost_card_costs_no_other(plant, tmp_path):
    plant.set_fault(0, "lost")
    first, second = ask(tmp_path)
    assert "pci" not in first["values"] or first["errors"]
    assert second["values"]["memory_bytes"] > 0
