"""The daemon in closed loop with simulated cards: it cools, and it takes what only it may take."""

import pynvml
import pytest

from tests.sim.thermal.cards import (
    LAPTOP,
    NEW_LIMITS,
    OLD_DRIVER,
    OPEN_AIR_350,
    PASSIVE_300,
)
from tests.unit.host.cooling.conftest import CONFIGURATION, CURVE

TARGET = f"[defaults]\n{CURVE}\ntarget_c = 70\n"


def test_the_curve_is_followed_and_told(rig):
    rig.plant.set_load(0, 100)
    rig.run(900)
    gpu = rig.gpu()
    assert gpu["mode"] == "curve"
    assert gpu["reason"].startswith("curve at ")
    assert (gpu["slowdown_c"], gpu["address"]) == (93, rig.daemon.fleet.cards[0].gpu.address)
    assert gpu["memory_c"] is None
    assert rig.fans() == [gpu["target_percent"]] * 2
    assert [fan["percent"] for fan in gpu["fans"]] == rig.fans()
    assert all(fan["rpm"] > 1000 for fan in gpu["fans"])
    assert gpu["power_w"] == pytest.approx(350, abs=5)
    assert (gpu["power_limit_w"], gpu["load_percent"]) == (350, 100)
    assert 70 <= gpu["temperature_c"] <= 80


@pytest.mark.parametrize("card", [OPEN_AIR_350, NEW_LIMITS, OLD_DRIVER])
def test_a_target_is_held_on_every_kind_of_card(make_rig, card):
    rig = make_rig(card, text=TARGET)
    rig.plant.set_load(0, 80)
    hottest = []
    rig.run(900)
    for _ in range(60):
        rig.run(5 * rig.daemon.interval_seconds)
        hottest.append(rig.truth()["die_c"])
    assert all(68 <= celsius <= 72 for celsius in hottest), hottest
    assert rig.mode() == "target"


def test_four_neighbours_are_each_held_at_the_target(make_rig):
    rig = make_rig(*(OPEN_AIR_350.but(full_watts=250) for _ in range(4)), text=TARGET)
    for index, load in enumerate((100, 60, 90, 80)):
        rig.plant.set_load(index, load)
    rig.run(1200)
    for index in range(4):
        is_full = rig.gpu(index)["target_percent"] == 100
        celsius = rig.truth(index)["die_c"]
        assert celsius <= 72 or is_full, (index, celsius)
        assert celsius >= 68 or rig.gpu(index)["target_percent"] == 30, (index, celsius)


@pytest.mark.parametrize(
    ("card", "reason"), [(PASSIVE_300, "no fan of its own"), (LAPTOP, "no fan of its own")]
)
def test_a_card_without_fans_is_watched(make_rig, card, reason):
    rig = make_rig(card)
    rig.run(10)
    assert rig.mode() == "monitor"
    assert reason in rig.gpu()["reason"]
    assert rig.gpu()["temperature_c"] is not None
    assert rig.plant.calls() == ()


def test_a_card_that_is_declared_to_be_watched_is_never_touched(make_rig):
    rig = make_rig(OPEN_AIR_350, OPEN_AIR_350, text=CONFIGURATION + "[gpu 1]\nmode = monitor\n")
    rig.plant.set_fault(1, "temperature", 255)
    rig.run(60)
    assert (rig.mode(0), rig.mode(1)) == ("curve", "monitor")
    assert {call.gpu for call in rig.plant.calls()} == {0}


@pytest.mark.parametrize("fault", ["eperm", "not-supported:nvmlDeviceSetFanSpeed_v2"])
def test_where_fans_cannot_be_set_the_card_is_watched_with_the_reason(rig, fault):
    rig.plant.set_fault(0, fault)
    rig.run(10)
    assert rig.mode() == "monitor"
    assert "nvmlDeviceSetFanSpeed_v2" in rig.gpu()["reason"]
    assert rig.fans() == ["automatic", "automatic"]
    assert rig.daemon.stop()


def test_the_memory_s_limit_counts(make_rig):
    card = OPEN_AIR_350.but(memory_sensor=1, memory_share=0.3)
    rig = make_rig(card, text=CONFIGURATION + "memory_limit_c = 85\n")
    rig.plant.set_load(0, 100)
    rig.run(900)
    assert rig.gpu()["reason"].startswith("memory at ")
    assert rig.gpu()["memory_c"] > rig.gpu()["temperature_c"]


def test_a_fan_that_another_takes_is_taken_back(rig):
    rig.run(10)
    card = rig.daemon.fleet.cards[0]
    pynvml.nvmlDeviceSetDefaultFanSpeed_v2(card.gpu.handle, 1)
    assert rig.fans() == [30, "automatic"]
    rig.run(2)
    assert rig.fans() == [30, 30]


def test_a_fan_that_stands_as_ordered_is_not_ordered_again(rig):
    rig.run(600)
    assert len(rig.plant.calls()) == 2  # two fans, once


def test_settings_of_a_gpu_go_before_the_defaults_and_a_stranger_is_told(make_rig):
    text = CONFIGURATION + "[gpu 0]\ncurve = 60:77 85:100\n[gpu 7]\ntarget_c = 60\n"
    rig = make_rig(OPEN_AIR_350, OPEN_AIR_350, text=text)
    rig.run(60)
    assert (rig.fans(0)[0], rig.fans(1)[0]) == (77, 30)
    assert rig.told("[gpu 7]", "no GPU of this machine")


def test_a_target_above_the_slowdown_s_margin_is_lowered_and_told(make_rig):
    rig = make_rig(
        OPEN_AIR_350.but(slowdown_c=80, maximum_operating_c=78), text=TARGET[:-3] + "79\n"
    )
    rig.run(10)
    assert rig.told("its target is 72 C, not 79 C")


def test_stopping_gives_every_fan_back(make_rig):
    rig = make_rig(*[OPEN_AIR_350] * 3)
    rig.run(10)
    assert rig.fans(2) == [30, 30]
    assert rig.daemon.stop()
    assert [rig.fans(index) for index in range(3)] == [["automatic"] * 2] * 3
