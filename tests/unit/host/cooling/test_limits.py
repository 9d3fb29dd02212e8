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


BUDGET = CONFIGURATION + "[power]\nbudget_watts = {}\n"


@pytest.mark.parametrize(("budget", "cards", "set_watts"), [(500, 2, 150), (700, 3, 175)])
def test_a_card_that_never_answered_is_counted_as_the_largest_other(
    make_rig, budget, cards, set_watts
):
    rig = make_rig(*[OPEN_AIR_350] * cards, text=BUDGET.format(budget))
    rig.plant.set_fault(cards - 1, "lost")
    rig.run(60)
    assert limits(rig) == [set_watts] * (cards - 1) + [350]
    assert sum("the budget counts 350 W for it" in text for _, text in rig.said) == 1
    rig.plant.clear_fault(cards - 1, "lost")
    rig.run(60)
    assert limits(rig) == [budget // cards] * cards


@pytest.mark.parametrize(
    "fault",
    [
        "not-supported:nvmlDeviceSetPowerManagementLimit",
        "not-supported:nvmlDeviceGetPowerManagementLimitConstraints",
    ],
)
def test_what_one_card_does_not_give_up_is_taken_from_the_others(make_rig, fault):
    rig = make_rig(OPEN_AIR_350, OPEN_AIR_350, text=BUDGET.format(500))
    rig.plant.set_fault(1, fault)
    rig.run(120)
    assert limits(rig) == [150, 350]
    about = [text for _, text in rig.said if "power" in text]
    assert len(about) == len(set(about)), "and not raised and lowered again in turns"
    rig.plant.clear_fault(1, fault)
    rig.run(40)
    assert limits(rig) == [250, 250]


def test_a_card_whose_limit_nobody_knows_is_counted_too(make_rig):
    rig = make_rig(OPEN_AIR_350, OPEN_AIR_350, text=BUDGET.format(500))
    for call in ("Limit", "LimitConstraints", "DefaultLimit"):
        rig.plant.set_fault(1, f"not-supported:nvmlDeviceGetPowerManagement{call}")
    rig.run(60)
    assert limits(rig) == [150, 350]


def test_a_budget_that_a_card_breaks_alone_is_said(make_rig):
    rig = make_rig(OPEN_AIR_350, OPEN_AIR_350, text=BUDGET.format(400))
    rig.plant.set_fault(1, "eperm")
    rig.run(120)
    assert limits(rig) == [100, 350]
    assert sum("below the 450 W" in text for _, text in rig.said) == 1


def test_limits_are_lowered_before_others_are_raised(make_rig):
    text = CONFIGURATION + "[gpu 0]\npower_limit_watts = {}\n[power]\nbudget_watts = 500\n"
    rig = make_rig(OPEN_AIR_350, OPEN_AIR_350, text=text.format(100))
    rig.run(10)
    assert limits(rig) == [100, 350]
    rig.daemon.stop()
    rig.begin(text.format(400))
    rig.run(10)
    assert limits(rig) == [266, 233]
    calls = [call.gpu for call in rig.plant.calls() if "SetPower" in call.name]
    assert calls[-2:] == [1, 0]


def test_a_limit_that_is_declared_no_more_is_the_card_s_own_again(make_rig):
    text = CONFIGURATION + "[gpu 0]\npower_limit_watts = 200\n"
    rig = make_rig(OPEN_AIR_350, OPEN_AIR_350, text=text + "[gpu 1]\npower_limit_watts = 200\n")
    rig.run(10)
    assert limits(rig) == [200, 200]
    rig.daemon.stop()
    rig.begin(text)
    rig.run(10)
    assert limits(rig) == [200, 350]
    assert rig.gpu(1)["power_default_w"] == 350
    # Its own from now on: what somebody sets by hand stays until the daemon starts again.
    pynvml.nvmlDeviceSetPowerManagementLimit(rig.daemon.fleet.cards[1].gpu.handle, 300_000)
    rig.run(120)
    assert limits(rig) == [200, 300]


def test_a_card_that_comes_later_gets_its_own_limit_too(make_rig):
    text = CONFIGURATION + "power_limit_watts = 200\n"
    rig = make_rig(OPEN_AIR_350, OPEN_AIR_350, text=text)
    rig.run(10)
    rig.daemon.stop()
    rig.plant.set_fault(1, "lost")
    rig.begin(CONFIGURATION + "[gpu 0]\npower_limit_watts = 200\n")
    rig.run(10)
    rig.plant.clear_fault(1, "lost")
    rig.run(60)
    assert limits(rig) == [200, 350]
