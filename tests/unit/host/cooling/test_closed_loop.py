"""The feedback holds its target on simulated cards of every kind it is for, and never swings."""

from dataclasses import dataclass
from itertools import pairwise

import pytest
from deeprig_host.cooling.control import decide
from deeprig_host.cooling.curve import Curve
from deeprig_host.cooling.declared import GpuSettings
from deeprig_host.cooling.reading import FanRange, Reading

CURVE = Curve(((30, 30), (50, 40), (70, 70), (85, 100)))
SLOWDOWN_C = 93
_STEP_SECONDS = 0.1
_FAN_LAG_SECONDS = 3.0
_DIE_JOULES_PER_C = 20.0
_DIE_C_PER_WATT = 0.06


@dataclass
class CardModel:
    """A simulated card in virtual time: die and heat sink, a fan that lags, a whole-degree sensor.

    Deliberately another model than tests/sim/thermal's: the controller must not be tuned to one.
    ``sink_seconds`` is the heat sink's time constant at a fan of 50 %.
    """

    sink_seconds: float = 80.0
    sink_c_per_watt: float = 0.11
    ambient_c: float = 28.0
    watts: float = 25.0
    fan_percent: float = 30.0
    die_c: float = 32.0
    sink_c: float = 32.0

    def run(self, seconds, wanted_percent):
        """Let time pass with a wanted fan speed."""
        for _ in range(round(seconds / _STEP_SECONDS)):
            self._step(wanted_percent)

    def _step(self, wanted_percent):
        self.fan_percent += (wanted_percent - self.fan_percent) * _STEP_SECONDS / _FAN_LAG_SECONDS
        resistance = self.sink_c_per_watt * (50 / max(self.fan_percent, 5)) ** 0.7
        flow = (self.die_c - self.sink_c) / _DIE_C_PER_WATT
        out = (self.sink_c - self.ambient_c) / resistance
        sink_joules_per_c = self.sink_seconds / self.sink_c_per_watt
        self.die_c += (self.watts - flow) * _STEP_SECONDS / _DIE_JOULES_PER_C
        self.sink_c += (flow - out) * _STEP_SECONDS / sink_joules_per_c

    @property
    def sensor_c(self):
        return int(self.die_c + 0.5)


def drive(card, settings, profile, interval):
    """Run a profile of (seconds, watts); return rows of (time, die C, fan percent ordered)."""
    state, rows, time = None, [], 0.0
    for seconds, watts in profile:
        card.watts = watts
        for _ in range(round(seconds / interval)):
            reading = Reading(card.sensor_c, None, SLOWDOWN_C)
            decision = decide(reading, settings, FanRange(30, 100), state, interval)
            state = decision.state
            card.run(interval, decision.percent)
            time += interval
            rows.append((time, card.die_c, decision.percent))
    return rows


@pytest.mark.parametrize("sink_seconds", [40, 80, 120])
@pytest.mark.parametrize("interval", [1, 2, 5, 10])
@pytest.mark.parametrize(("c_per_watt", "watts"), [(0.11, 300), (0.07, 350), (0.13, 200)])
def test_the_target_is_held_within_two_degrees_and_the_fan_does_not_swing(
    sink_seconds, interval, c_per_watt, watts
):
    card = CardModel(sink_seconds, c_per_watt)
    profile = ((200, 25), (800, watts), (200, 25), (600, watts * 0.85), (600, watts))
    rows = drive(card, GpuSettings(CURVE, target_c=70), profile, interval)
    for end in (1000, 2400):
        settled = [row for row in rows if end - 200 < row[0] <= end]
        assert all(68 <= celsius <= 72 for _, celsius, _ in settled), settled
        speeds = [percent for *_, percent in settled]
        assert max(speeds) - min(speeds) <= 5
    assert max(celsius for _, celsius, _ in rows) < SLOWDOWN_C - 10


def test_what_the_card_cannot_hold_ends_at_full_speed_and_comes_back_when_it_can():
    card = CardModel(80, 0.11)
    rows = drive(card, GpuSettings(CURVE, target_c=60), ((600, 420), (900, 200)), 2)
    assert rows[299][2] == 100
    *_, last = rows
    assert 58 <= last[1] <= 62  # nothing was wound up while the fan could do no more
    assert last[2] < 80


def test_the_fan_gets_quieter_slowly():
    card = CardModel()
    rows = drive(card, GpuSettings(CURVE, target_c=70), ((600, 300), (300, 25)), 2)
    falls = [before[2] - after[2] for before, after in pairwise(rows)]
    assert 0 < max(falls) <= 3  # one percent a second, and rounding
    assert rows[-1][2] == 30


@pytest.mark.parametrize("interval", [1, 2, 5, 10])
def test_the_curve_settles_on_itself(interval):
    card = CardModel()
    rows = drive(card, GpuSettings(CURVE), ((1500, 300),), interval)
    settled = [row for row in rows if row[0] > 1200]
    assert max(row[2] for row in settled) - min(row[2] for row in settled) <= 4
    *_, (_, celsius, percent) = rows
    assert abs(percent - CURVE.percent_at(celsius)) <= 8  # within the hysteresis
