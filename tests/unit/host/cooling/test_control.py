"""One step of the control: the highest demand counts, and a hot card gets all the air there is."""

import pytest
from deeprig_host.cooling.control import decide, effective_target_c
from deeprig_host.cooling.curve import Curve
from deeprig_host.cooling.declared import GpuSettings
from deeprig_host.cooling.reading import FanRange, Reading

CURVE = Curve(((30, 30), (50, 40), (70, 70), (85, 100)))
SETTINGS = GpuSettings(CURVE, hysteresis_c=4)
ANY = FanRange()


def steps(temperatures, settings=SETTINGS, fans=ANY, seconds=100.0, slowdown_c=None):
    """Return the decisions for a row of temperatures, far enough apart for any fall."""
    state, decisions = None, []
    for celsius in temperatures:
        decision = decide(Reading(celsius, None, slowdown_c), settings, fans, state, seconds)
        state = decision.state
        decisions.append(decision)
    return decisions


def speeds(*arguments, **named):
    return [decision.percent for decision in steps(*arguments, **named)]


def test_up_at_once_and_down_only_past_the_hysteresis():
    assert speeds([50, 70, 69, 67, 66, 67, 70]) == [40, 70, 70, 70, 64, 66, 70]


def test_without_hysteresis_the_curve_is_followed():
    assert speeds([70, 69, 68], GpuSettings(CURVE, hysteresis_c=0)) == [70, 68, 67]


def test_down_is_one_percent_a_second():
    assert speeds([85, 40, 40, 40], seconds=2.0) == [100, 98, 96, 94]


def test_the_card_s_own_limits_clamp():
    assert speeds([20, 85], fans=FanRange(41, 88)) == [41, 88]
    # A curve that stops the fan while cold gets what the card accepts.
    assert speeds([20], GpuSettings(Curve(((50, 0), (85, 100)))), FanRange(25, 100)) == [25]


@pytest.mark.parametrize("target_c", [None, 40, 80])
@pytest.mark.parametrize("celsius", [88, 90, 93, 120])
def test_near_the_slowdown_it_is_full_speed_whatever_is_declared(target_c, celsius):
    settings = GpuSettings(Curve(((100, 20), (101, 100))), target_c=target_c)
    (decision,) = steps([celsius], settings, slowdown_c=93)
    assert decision.percent == 100
    assert "near slowdown at 93 C" in decision.reason


def test_a_card_that_tells_no_slowdown_is_near_it_at_85():
    settings = GpuSettings(Curve(((100, 20), (101, 100))))
    assert speeds([84, 85], settings) == [20, 100]


def test_a_card_that_lowers_its_clocks_for_heat_is_near_its_slowdown_whatever_it_reads():
    reading = Reading(40, None, 93, is_heat_slowed=True)
    decision = decide(reading, SETTINGS, ANY, None, 2.0)
    assert (decision.percent, decision.state.is_near_slowdown) == (100, True)


def test_near_the_slowdown_ends_only_when_it_is_clearly_cooler():
    settings = GpuSettings(Curve(((100, 20), (101, 100))))
    assert speeds([87, 88, 86, 85, 84], settings, slowdown_c=93) == [20, 100, 100, 100, 20]


def test_hot_memory_asks_by_the_curve_moved_to_its_limit():
    settings = GpuSettings(CURVE, memory_limit_c=95)
    for memory_c, percent in ((40, 40), (80, 70), (95, 100), (100, 100)):
        decision = decide(Reading(50, memory_c), settings, ANY, None, 2.0)
        assert decision.percent == percent, memory_c
    assert decision.reason == "memory at 100 C"


def test_memory_near_its_own_maximum_is_full_speed_without_any_limit_declared():
    decision = decide(Reading(50, 101, 93, 105), SETTINGS, ANY, None, 2.0)
    assert (decision.percent, decision.state.is_near_slowdown) == (100, True)


def test_the_feedback_follows_the_sensor_that_is_hottest_for_its_goal():
    settings = GpuSettings(CURVE, target_c=70, memory_limit_c=95)
    cool = decide(Reading(60, 80), settings, ANY, None, 2.0)
    hot_memory = decide(Reading(60, 94), settings, ANY, cool.state, 2.0)
    assert hot_memory.percent > cool.percent
    assert hot_memory.reason == "memory limit 95 C"
    assert decide(Reading(74, 80), settings, ANY, cool.state, 2.0).reason == "target 70 C"


def test_far_above_the_target_the_curve_is_the_floor():
    settings = GpuSettings(CURVE, target_c=60)
    cold = decide(Reading(58), settings, FanRange(0, 100), None, 2.0)
    hot = decide(Reading(66), settings, FanRange(0, 100), cold.state, 2.0)
    assert hot.percent >= CURVE.percent_at(66)


@pytest.mark.parametrize(
    ("points", "celsius", "least"),
    [
        (((30, 30), (85, 100)), 60, 30),  # the curve's first point, whatever the card accepts
        (((40, 0), (60, 45), (85, 100)), 45, 0),  # a cold card may be silent
        (((40, 0), (60, 45), (85, 100)), 60, 45),  # a warm one has air
    ],
)
def test_under_a_target_no_fan_falls_below_what_the_curve_begins_with(points, celsius, least):
    settings = GpuSettings(Curve(points), target_c=80)
    assert speeds([celsius] * 30, settings)[-1] == least


def test_a_target_is_never_held_near_the_slowdown():
    assert effective_target_c(GpuSettings(CURVE, target_c=85), 83) == 75
    assert effective_target_c(GpuSettings(CURVE, target_c=70), 83) == 70
    assert effective_target_c(GpuSettings(CURVE, target_c=85), None) == 85
    assert effective_target_c(GpuSettings(CURVE), 83) is None


def test_a_gpu_that_is_only_watched_has_nothing_to_decide():
    with pytest.raises(ValueError, match="only watched"):
        decide(Reading(50), GpuSettings(None, mode="monitor"), ANY, None, 2.0)
