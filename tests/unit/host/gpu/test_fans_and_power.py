"""Fans and power of simulated cards are read and set, and a refusal is a refusal."""

import pytest
from deeprig_host.gpu import fans, power
from deeprig_host.gpu.answers import Unanswered
from deeprig_host.gpu.library import gpus, nvml

from tests.sim.thermal.api import Machine, Plant, build_library
from tests.sim.thermal.cards import LAPTOP, OLD_DRIVER, OPEN_AIR_350, PASSIVE_300
from tests.sim.thermal.inside import nvml_of


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return build_library(tmp_path_factory.mktemp("thermal"))


@pytest.fixture
def card(library, tmp_path):
    """Return a function that opens a machine of one card; it returns the plant and the handle."""
    plant = Plant(tmp_path / "plant", library.parent)
    with nvml_of(library, plant.directory):
        opened = []

        def open_card(described):
            plant.describe(Machine((described,), {"is_virtual": 1}))
            context = nvml()
            context.__enter__()
            opened.append(context)
            return plant, gpus()[0].handle

        yield open_card
        for context in opened:
            context.__exit__(None, None, None)


def test_a_fan_is_taken_turned_and_given_back(card):
    plant, handle = card(OPEN_AIR_350)
    assert (fans.fan_count(handle), fans.fan_range(handle)) == (2, (30, 100))
    assert fans.is_fan_manual(handle, 1) is False
    assert fans.set_fan(handle, 1, 80) is None
    plant.step(20)
    assert (fans.fan_percent(handle, 1), fans.fan_target_percent(handle, 1)) == (80, 80)
    assert fans.is_fan_manual(handle, 1) is True
    assert fans.is_fan_manual(handle, 0) is False
    assert fans.fan_rpm(handle, 1) == pytest.approx(2640, abs=40)
    assert fans.fan_rpm(handle, 0) < 1500  # each fan has its own
    assert fans.release_fan(handle, 1) is None
    assert fans.is_fan_manual(handle, 1) is False


def test_a_refusal_is_returned(card):
    plant, handle = card(OPEN_AIR_350)
    plant.set_fault(0, "eperm")
    for refusal in (
        fans.set_fan(handle, 0, 50),
        fans.release_fan(handle, 0),
        power.set_power_limit(handle, 200),
    ):
        assert isinstance(refusal, Unanswered)
        assert refusal.is_forbidden


def test_what_an_old_driver_does_not_tell_is_unknown(card):
    _, handle = card(OLD_DRIVER)
    assert fans.is_fan_manual(handle, 0) is None
    assert fans.fan_rpm(handle, 0).is_unsupported


def test_a_passive_card_has_no_fan(card):
    _, handle = card(PASSIVE_300)
    told = fans.fan_count(handle)
    assert told == 0 or told.is_unsupported


def test_power_in_watts(card):
    plant, handle = card(OPEN_AIR_350)
    plant.set_load(0, 100)
    plant.step(60)
    assert power.power_watts(handle) == pytest.approx(350, abs=5)
    assert power.limit_range_watts(handle) == (100, 400)
    assert power.default_limit_watts(handle) == power.power_limit_watts(handle) == 350
    assert power.set_power_limit(handle, 250.5) is None
    assert power.power_limit_watts(handle) == 250.5
    plant.step(60)
    assert power.power_watts(handle) == pytest.approx(250.5, abs=5)


def test_a_limit_that_cannot_be_set_is_a_refusal(card):
    _, handle = card(LAPTOP)
    assert isinstance(power.set_power_limit(handle, 80), Unanswered)
