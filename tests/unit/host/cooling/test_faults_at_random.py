"""Faults come and go on three cards in any order: no fan that can be set is ever left low."""

import random

import pynvml
import pytest
from deeprig_host.cooling.curve import Curve

from tests.sim.thermal.api import ALL
from tests.sim.thermal.cards import OPEN_AIR_350

CURVE = Curve(((30, 30), (50, 40), (70, 70), (85, 100)))
#: Readings that no card can have, and calls that fail.
BLINDING = (
    ("temperature", 0),
    ("temperature", 255),
    ("returns:nvmlDeviceGetTemperatureV", 999),
    ("memory-temperature", 255),
)
#: While one of these is there, nobody can do anything about the fans.
UNREACHABLE = (
    ("lost", ""),
    *(
        (f"returns:nvmlDevice{call}_v2", code)
        for call in ("SetFanSpeed", "SetDefaultFanSpeed")
        for code in (
            999,
            pynvml.NVML_ERROR_NO_PERMISSION,
            pynvml.NVML_ERROR_NOT_SUPPORTED,
            pynvml.NVML_ERROR_INVALID_ARGUMENT,
        )
    ),
)
HARMLESS = (
    ("returns:nvmlDeviceGetPowerUsage", 999),
    ("not-supported:nvmlDeviceGetFanSpeedRPM", ""),
    ("not-supported:nvmlDeviceGetTargetFanSpeed", ""),
    ("not-supported:nvmlDeviceGetFanControlPolicy_v2", ""),
    ("margin", -5),
)


@pytest.mark.parametrize("seed", range(4))
def test_no_order_of_faults_leaves_a_fan_low(make_rig, seed):
    chance = random.Random(seed)  # noqa: S311 - cases that repeat, no secret
    rig = make_rig(*[OPEN_AIR_350.but(memory_sensor=1)] * 3)
    present = {0: {}, 1: {}, 2: {}, ALL: {}}
    rig.run(6)
    for _ in range(120):
        _change(rig, chance, present)
        rig.run(2 * chance.randint(1, 4))
        for gpu in range(3):
            _check(rig, gpu, present)
    for gpu, faults in present.items():
        for name in faults:
            rig.plant.clear_fault(gpu, name)
    assert rig.daemon.stop()
    assert all(rig.fans(gpu) == ["automatic", "automatic"] for gpu in range(3))


def _change(rig, chance, present):
    """Mend something, break something, or load a card."""
    gpu = chance.randrange(3)
    rig.plant.set_load(gpu, chance.choice((0, 30, 100)))
    if present[gpu] and chance.random() < 0.6:
        rig.plant.clear_fault(gpu, chance.choice(sorted(present[gpu])))
    elif chance.random() < 0.05 or present[ALL]:
        name = "driver-unloaded"
        if present[ALL]:
            rig.plant.clear_fault(ALL, name)
        else:
            rig.plant.set_fault(ALL, name)
    else:
        name, value = chance.choice(BLINDING + UNREACHABLE + HARMLESS)
        rig.plant.set_fault(gpu, name, value)
    for place, faults in present.items():
        directory = rig.plant.directory / "faults" / str(place)
        faults.clear()
        faults.update({file.name: file for file in directory.glob("[a-z]*")})


def _check(rig, gpu, present):
    """A fan is automatic, or at 100 %, or as fast as its card is hot; or out of anybody's reach."""
    if present[ALL] or any(name in present[gpu] for name, _ in UNREACHABLE):
        return
    fans = rig.fans(gpu)
    if any(name in present[gpu] for name, _ in BLINDING):
        assert all(fan in ("automatic", 100) for fan in fans), (
            fans,
            {place: sorted(faults) for place, faults in present.items()},
            rig.gpu(gpu),
            rig.said[-8:],
        )
        return
    # Four degrees of a turn that is up to two seconds old, and a percent of rounding.
    needed = CURVE.percent_at(rig.truth(gpu)["die_c"] - 12) - 1
    for fan in fans:
        assert fan == "automatic" or fan >= needed, (fans, needed, rig.gpu(gpu))
