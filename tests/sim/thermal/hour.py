"""One hour of load with steps on a simulated machine, in virtual time: what became of the cards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.sim.thermal.api import Machine, Plant
from tests.sim.thermal.cards import OPEN_AIR_250, OPEN_AIR_350, QUIET_BLOWER_250
from tests.sim.thermal.controllers import Controller

HOUR_SECONDS = 3600
#: From which second on which load (percent). Idle, training, less, training, training with a pause
#: of 10 s for validation every two minutes, three quarters, a minute's pause, training to the end.
_PAUSES = tuple(
    step for begin in range(1740, 2340, 120) for step in ((begin, 10), (begin + 10, 100))
)
PROFILE = (
    (0, 0),
    (120, 100),
    (1080, 40),
    (1380, 100),
    *_PAUSES,
    (2340, 75),
    (2940, 10),
    (3000, 100),
)


@dataclass(frozen=True, slots=True)
class Scenario:
    """A machine and the temperature to hold. ``is_possible``: physics allow it at full load."""

    name: str
    title: str
    machine: Machine
    target_c: int
    is_possible: bool = True


_VIRTUAL = {"is_virtual": 1}
SCENARIOS = (
    Scenario("one", "one open-air card, 350 W", Machine((OPEN_AIR_350,), _VIRTUAL), 75),
    Scenario(
        "four",
        "four adjacent open-air cards, 250 W each, strong case fans",
        Machine((OPEN_AIR_250,) * 4, {**_VIRTUAL, "case_watts_per_kelvin": 100}),
        76,
    ),
    Scenario(
        "blowers",
        "four adjacent blowers, 250 W each, firmware at 50 % at most",
        Machine((QUIET_BLOWER_250,) * 4, {**_VIRTUAL, "room_c": 27}),
        75,
    ),
    Scenario(
        "hot",
        "four adjacent open-air cards, 350 W each, in a case that is too small",
        Machine((OPEN_AIR_350,) * 4, {**_VIRTUAL, "case_watts_per_kelvin": 40}),
        75,
        is_possible=False,
    ),
)


@dataclass(frozen=True, slots=True)
class Sample:
    """The truth at a second: each card's temperature, intended fan speed and watts."""

    seconds: int
    load_percent: float
    die_c: tuple[float, ...]
    fan_percent: tuple[float, ...]
    watts: tuple[float, ...]

    @property
    def hottest_c(self) -> float:
        """Return the hottest card's temperature."""
        return max(self.die_c)


@dataclass(frozen=True, slots=True)
class Trace:
    """An hour: a sample per second, and each card's sums at the end (c/control.c)."""

    scenario: Scenario
    samples: tuple[Sample, ...]
    gpus: tuple[dict[str, Any], ...]


def load_at(seconds: float) -> int:
    """Return the load of the profile at a time."""
    return [load for begin, load in PROFILE if begin <= seconds][-1]


def run_hour(plant: Plant, scenario: Scenario, controller: Controller) -> Trace:
    """Run a cold machine through the hour; pynvml of this process talks to the plant."""
    plant.describe(scenario.machine)
    cards = len(scenario.machine.cards)
    samples, due = [], 0.0
    for second in range(HOUR_SECONDS):
        load = load_at(second)
        if second == 0 or load != load_at(second - 1):
            for card in range(cards):
                plant.set_load(card, load)
        if second >= due:
            controller.turn(second)
            due += controller.interval_seconds
        plant.step(1)
        samples.append(_sample(second, load, plant.truth()["gpus"]))
    return Trace(scenario, tuple(samples), tuple(plant.truth()["gpus"]))


def _sample(second: int, load: float, gpus: list[dict[str, Any]]) -> Sample:
    return Sample(
        second,
        load,
        tuple(gpu["die_c"] for gpu in gpus),
        tuple(gpu["fans"][0]["asked_percent"] for gpu in gpus),
        tuple(gpu["watts"] for gpu in gpus),
    )
