"""Rules about heat, each seen passing, warning, unknown and not applicable."""

import pytest

from deeprig.audit.cooling_rules import (
    cooling_adjacent,
    cooling_declared,
    cooling_passive,
    cooling_temperature,
)
from tests.unit.audit import described_hosts as hosts


@pytest.mark.parametrize(
    ("cooler", "gap", "outcome"),
    [
        ("open-air", 0, "warn"),
        ("open-air", 1, "not applicable"),
        ("open-air", None, "unknown"),
        ("blower", 0, "pass"),
        ("water", None, "pass"),
        (None, 0, "unknown"),
        ({"0000:01:00.0": "open-air"}, 0, "warn"),
        ({"0000:01:00.0": "blower"}, 0, "unknown"),
    ],
)
def test_four_cards_side_by_side_are_not_open_air(cooler, gap, outcome):
    declared = {"cooler_type": cooler, "free_slots_between_gpus": gap}
    found = cooling_adjacent(hosts.machine_of(hosts.four_cards(), **declared))
    assert found.outcome == outcome


def test_three_cards_are_already_too_many_side_by_side():
    three = hosts.put_in(hosts.workstation(), *map(hosts.rtx_4090, (1, 2, 3)))
    machine = hosts.machine_of(three, cooler_type="open-air", free_slots_between_gpus=0)
    assert cooling_adjacent(machine).outcome == "warn"


def test_what_is_not_declared_is_asked_for_by_its_name():
    machine = hosts.machine_of(hosts.four_cards())
    assert "cooler_type" in cooling_adjacent(machine).remedy
    machine = hosts.machine_of(hosts.four_cards(), cooler_type="open-air")
    assert "free_slots_between_gpus" in cooling_adjacent(machine).remedy


def test_two_cards_and_modules_on_a_board_are_not_side_by_side():
    two = hosts.put_in(hosts.workstation(), hosts.rtx_4090(1), hosts.rtx_4090(2))
    declared = {"cooler_type": "open-air", "free_slots_between_gpus": 0}
    assert cooling_adjacent(hosts.machine_of(two, **declared)).outcome == "not applicable"
    found = cooling_adjacent(hosts.machine_of(hosts.eight_h100(), **declared))
    assert (found.outcome, "NVSwitch" in found.actual) == ("not applicable", True)


@pytest.mark.parametrize(
    ("chassis", "outcome"), [("server", "pass"), ("desktop", "warn"), (None, "unknown")]
)
def test_passive_cards_are_in_a_server(chassis, outcome):
    document = hosts.rtx_4090_workstation()
    document["system"]["chassis"] = chassis
    machine = hosts.machine_of(document, cooler_type="passive")
    assert cooling_passive(machine).outcome == outcome


def test_passive_is_not_asked_of_others_nor_told_of_a_virtual_machine():
    machine = hosts.machine_of(hosts.rtx_4090_workstation(), cooler_type="open-air")
    assert cooling_passive(machine).outcome == "not applicable"
    machine = hosts.machine_of(hosts.passed_through(), cooler_type="passive")
    assert cooling_passive(machine).outcome == "unknown"


def test_a_cooler_declared_where_no_gpu_is_does_not_go_unseen():
    document = hosts.rtx_4090_workstation()
    machine = hosts.machine_of(document, cooler_type={"0000:09:00.0": "water"})
    found = cooling_declared(machine)
    assert (found.outcome, found.actual) == ("warn", "no GPU at 0000:09:00.0")
    right = hosts.machine_of(document, cooler_type={"0000:01:00.0": "water"})
    assert cooling_declared(right).outcome == "pass"
    assert cooling_declared(hosts.machine_of(document)).outcome == "not applicable"


@pytest.mark.parametrize(
    ("celsius", "outcome"), [(38.0, "pass"), (79.9, "pass"), (80.0, "warn"), (None, "unknown")]
)
def test_a_gpu_is_below_80_degrees(celsius, outcome):
    document = hosts.four_cards()
    document["gpus"][2]["temperature_celsius"] = celsius
    found = cooling_temperature(hosts.machine_of(document))
    assert found.outcome == outcome
    if outcome in ("warn", "unknown"):
        assert "0000:03:00.0" in found.actual


def test_a_gpu_that_heat_slows_down_fails():
    document = hosts.four_cards()
    document["gpus"][1]["is_slowed_by_heat"] = True
    found = cooling_temperature(hosts.machine_of(document))
    assert found.outcome == "fail"
    assert "0000:02:00.0" in found.actual
    assert "0000:01:00.0" not in found.actual


@pytest.mark.parametrize(
    ("limit", "outcome"),
    [(75.0, "warn"), (76.0, "pass"), (95.0, "pass"), (None, "pass"), (0.0, "pass")],
)
def test_a_cards_own_limit_counts_where_it_is_lower(limit, outcome):
    document = hosts.rtx_4090_workstation()
    document["gpus"][0] |= {"temperature_celsius": 75.0, "slowdown_celsius": limit}
    assert cooling_temperature(hosts.machine_of(document)).outcome == outcome


def test_without_a_gpu_there_is_no_temperature():
    machine = hosts.machine_of(hosts.workstation())
    assert cooling_temperature(machine).outcome == "not applicable"
