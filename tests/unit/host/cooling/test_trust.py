"""Readings are believed, doubted and believed again by fixed rules."""

import pytest
from deeprig_host.cooling.reading import Reading
from deeprig_host.cooling.trust import Fault, Trust, judge

BEGUN = Trust(last_c=50)


@pytest.mark.parametrize("celsius", [-40, 0, 131, 255])
def test_what_no_card_can_have_is_not_believed(celsius):
    assert judge(Trust(), Reading(celsius), 2).phase == "full"
    assert judge(Trust(), Reading(50, celsius), 2).phase == "full"


@pytest.mark.parametrize(
    ("celsius", "seconds", "phase"),
    [
        (85, 1, "controlled"),  # a big die under full power at once
        (91, 1, "full"),
        (10, 1, "controlled"),
        (9, 1, "full"),
        (95, 10, "controlled"),
        (1, 10, "controlled"),
        (120, 30, "controlled"),
    ],
)
def test_a_jump_beyond_physics_is_not_believed(celsius, seconds, phase):
    assert judge(BEGUN, Reading(celsius), seconds).phase == phase


def test_a_jump_that_stays_is_believed_in_time_and_the_card_comes_back():
    trust, phases = BEGUN, []
    for _ in range(25):
        trust = judge(trust, Reading(100), 2)
        phases.append(trust.phase)
    assert phases[0] == "full"
    assert phases[-1] == "controlled"


def test_the_first_reading_has_nothing_to_jump_from():
    assert judge(Trust(), Reading(95), 2).phase == "controlled"


@pytest.mark.parametrize("interval", [1, 2, 5, 10])
def test_full_speed_lasts_ten_seconds_and_the_way_back_thirty_good_ones(interval):
    trust, time, since = judge(BEGUN, Fault("x"), interval), 0, {}
    while trust.phase != "controlled":
        since.setdefault(trust.phase, time)
        time += interval
        trust = judge(trust, Reading(50), interval)
    assert since == {"full": 0, "released": 10}
    assert time == 30


def test_a_fault_on_the_way_back_begins_it_anew():
    trust = judge(BEGUN, Fault("first"), 2)
    for _ in range(14):
        trust = judge(trust, Reading(50), 2)
    trust = judge(trust, Fault("second"), 2)
    assert (trust.phase, trust.good_seconds, trust.reason) == ("released", 0, "second")


@pytest.mark.parametrize("seen", [Reading(129), Reading(255), Fault("x")])
def test_what_was_not_believed_is_nothing_to_jump_from(seen):
    trust = judge(judge(BEGUN, seen, 2), Reading(50), 2)
    assert (trust.phase, trust.good_seconds, trust.last_c) == ("full", 2, 50)
