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


def test_an_address_as_nvidia_smi_writes_it_is_the_same():
    declared = HardwareDeclaration(cooler_type={"00000000:0A:00.0": "blower"})
    assert declared.cooler_of("0000:0a:00.0") == "blower"


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("fan", "must be one of 'blower', 'open-air', 'water', 'passive'"),
        (["fan"], "must be one of"),
        ({"0000:01:00.0": "fan"}, "not 'fan'"),
        ({"01:00.0": "blower"}, "'01:00.0' is no PCI address such as '0000:01:00.0'"),
        ({1: "blower"}, "1 is no PCI address"),
    ],
    ids=str,
)
def test_a_wrong_cooler_is_told_once_and_in_words(wrong, told):
    with pytest.raises(ValidationError) as refused:
        HardwareDeclaration(cooler_type=wrong)
    assert refused.value.error_count() == 1
    assert told in refused.value.errors()[0]["msg"]


def test_changes_replace_what_is_declared_and_leave_the_rest():
    declared = HardwareDeclaration(psu_watts=850, use="research")
    changed = declared.changed({"psu_watts": "1600"})
    assert (changed.psu_watts, changed.use) == (1600, "research")
    assert changed.as_declared() == {"psu_watts": 1600, "use": "research"}
    with pytest.raises(ValidationError):
        declared.changed({"use": "gaming"})


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
