"""What the inventory declares about hardware is validated; a slip is an error, not ignored."""

import pytest
from pydantic import ValidationError

from deeprig.audit.declaration import HardwareDeclaration


def test_nothing_need_be_declared():
    declared = HardwareDeclaration()
    assert declared.psu_watts is None
    assert declared.cooler_of("0000:01:00.0") is None
    assert declared.use == "experiment"


def test_one_cooler_is_that_of_all_and_addresses_are_their_own():
    assert HardwareDeclaration(cooler_type="water").cooler_of("0000:01:00.0") == "water"
    declared = HardwareDeclaration(cooler_type={"0000:01:00.0": "blower"})
    assert declared.cooler_of("0000:01:00.0") == "blower"
    assert declared.cooler_of("0000:02:00.0") is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"psu_watts": 0},
        {"psu_watts": "strong"},
        {"cpu_watts": -65},
        {"cooler_type": "fan"},
        {"cooler_type": {"01:00.0": "blower"}},
        {"cooler_type": {"0000:01:00.0": "fan"}},
        {"free_slots_between_gpus": -1},
        {"use": "gaming"},
        {"psu_wats": 850},
    ],
    ids=str,
)
def test_a_slip_is_refused(wrong):
    with pytest.raises(ValidationError):
        HardwareDeclaration(**wrong)
