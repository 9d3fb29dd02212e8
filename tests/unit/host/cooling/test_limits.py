"""Power limits are set at the start and again when they drifted; a failure is said once."""

import pynvml
import pytest

from tests.sim.thermal.cards import LAPTOP, OPEN_AIR_350
from tests.unit.host.cooling.conftest import CONFIGURATION


def limits(rig):
    return [gpu["limit_watts"] for gpu in rig.plant.truth()["gpus"]]


def test_a_limit_is_set_once_and_again_after_it_drifted(make_rig):
    rig = make_rig(text=CONFIGURATION + "power_limit_watts = 250\n")
    rig.run(60)
    assert limits(rig) == [250]
    assert rig.gpu()["power_limit_w"] == 250
    calls = [call for call in rig.plant.calls() if "Power" in call.name]
    assert len(calls) == 1
    handle = rig.daemon.fleet.cards[0].gpu.handle
    pynvml.nvmlDeviceSetPowerManagementLimit(handle, 350_000)
    rig.run(40)
    assert limits(rig) == [250]


def test_without_a_declaration_no_limit_is_touched(rig):
    rig.run(60)
    assert limits(rig) == [350]
    assert not [call for call in rig.plant.calls() if "Power" in call.name]


def test_a_budget_is_shared_out_and_a_lost_card_keeps_its_share(make_rig):
    rig = make_rig(OPEN_AIR_350, OPEN_AIR_350, text=CONFIGURATION + "[power]\nbudget_watts = 500\n")
    rig.run(10)
    assert limits(rig) == [250, 250]
    rig.plant.set_fault(1, "lost")
    rig.run(120)
    assert limits(rig)[0] == 250


def test_a_budget_that_is_too_small_holds_every_card_at_its_least_and_is_said(make_rig):
    rig = make_rig(OPEN_AIR_350, OPEN_AIR_350, text=CONFIGURATION + "[power]\nbudget_watts = 150\n")
    rig.run(120)
    assert limits(rig) == [100, 100]
    assert sum("below the 200 W" in text for _, text in rig.said) == 1


def test_a_limit_outside_the_card_s_is_held_at_its_nearest_and_is_said(make_rig):
    rig = make_rig(text=CONFIGURATION + "power_limit_watts = 450\n")
    rig.run(60)
    assert limits(rig) == [400]
    assert rig.told("450 W is not within the 100 to 400 W")


@pytest.mark.parametrize(
    ("card", "fault"),
    [
        (LAPTOP, ""),
        (OPEN_AIR_350, "eperm"),
        (OPEN_AIR_350, "not-supported:nvmlDeviceSetPowerManagementLimit"),
        (OPEN_AIR_350, "not-supported:nvmlDeviceGetPowerManagementLimitConstraints"),
    ],
)
def test_a_limit_that_cannot_be_set_is_said_once(make_rig, card, fault):
    rig = make_rig(card, text=CONFIGURATION + "power_limit_watts = 90\n")
    if fault:
        rig.plant.set_fault(0, fault)
    rig.run(120)
    about = [text for _, text in rig.said if "power" in text]
    assert len(about) == len(set(about))
    assert any("cannot be" in text for text in about), rig.said
