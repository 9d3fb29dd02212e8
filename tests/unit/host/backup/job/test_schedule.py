"""When a backup is due: slots, jitter, missed runs, failures, and clocks that jump."""

import pytest
from deeprig_host.backup.declared import Repository
from deeprig_host.backup.schedule import (
    Past,
    Proof,
    due,
    jitter_seconds,
    latest_proof_slot,
    latest_slot,
    proof_due,
)

HOUR, DAY = 3600, 86_400
#: 02:00 UTC of some day; with no jitter the slot was at 01:00.
NOW = 20_000 * DAY + 2 * HOUR
DAILY = Repository("disk", "/b", "/p", jitter_minutes=0)


def is_due(success=None, attempt=None, now=NOW, repository=DAILY):
    return due(now, 0, "ws1", repository, Past(success, attempt or success)).is_due


def test_what_was_never_good_is_due():
    assert is_due()


def test_after_a_good_one_the_next_is_due_at_the_next_time_declared():
    done = NOW - HOUR
    assert not is_due(done)
    assert not is_due(done, now=NOW + 23 * HOUR - 1)
    assert is_due(done, now=NOW + 23 * HOUR)


def test_a_missed_one_is_caught_up_whenever_the_machine_is_on_again():
    assert is_due(NOW - 3 * DAY)
    assert is_due(NOW - 3 * DAY, now=NOW + 9 * HOUR)


def test_a_failed_one_is_tried_again_after_the_declared_minutes():
    good, failed = NOW - DAY, NOW - 30 * 60
    assert not is_due(good, failed)
    assert not is_due(None, failed)
    assert is_due(good, failed, now=failed + 60 * 60)


def test_a_failed_one_before_the_time_declared_does_not_hold_up_the_next():
    assert is_due(NOW - DAY, NOW - HOUR - 1)


def test_times_in_the_future_are_of_a_clock_that_was_wrong():
    assert is_due(NOW + 300 * DAY)
    assert is_due(None, NOW + 300 * DAY)
    assert not is_due(NOW + 60)


def test_the_time_of_day_is_the_local_one():
    assert latest_slot(NOW, 0, "ws1", DAILY) == NOW - HOUR
    assert latest_slot(NOW, 2 * HOUR, "ws1", DAILY) == NOW - 3 * HOUR
    assert latest_slot(NOW, -2 * HOUR, "ws1", DAILY) == NOW - 23 * HOUR


def test_every_six_hours():
    often = Repository("disk", "/b", "/p", jitter_minutes=0, period_hours=6)
    slots = {latest_slot(NOW + hour * HOUR, 0, "ws1", often) - NOW for hour in range(23)}
    assert sorted(slots) == [hour * HOUR for hour in (-1, 5, 11, 17)]


def test_jitter_is_the_same_for_a_host_and_spread_over_hosts():
    repository = Repository("disk", "/b", "/p", jitter_minutes=120)
    found = [jitter_seconds(f"ws{number}", repository) for number in range(200)]
    assert found == [jitter_seconds(f"ws{number}", repository) for number in range(200)]
    assert jitter_seconds("ws1", repository) == 3476
    assert all(0 <= one < 2 * HOUR for one in found)
    quarters = [sum(1 for one in found if one // 1800 == quarter) for quarter in range(4)]
    assert min(quarters) > 30


@pytest.mark.parametrize(("jitter", "period"), [(24 * 60, 1), (0, 24)])
def test_jitter_never_goes_beyond_the_period(jitter, period):
    repository = Repository("disk", "/b", "/p", jitter_minutes=jitter, period_hours=period)
    assert jitter_seconds("ws1", repository) < HOUR


WEEKLY = Proof("check", 7 * 24, 60)


def proof_is_due(success=None, attempt=None, now=NOW, host="ws1", proof=WEEKLY):
    return proof_due(now, 0, host, DAILY, proof, Past(success, attempt or success)).is_due


def test_the_first_check_is_due_at_once_and_a_failed_one_is_tried_again_later():
    assert proof_is_due()
    assert not proof_is_due(None, NOW - 30 * 60)
    assert proof_is_due(None, NOW - 60 * 60)


def test_a_period_of_nothing_is_never():
    assert not proof_is_due(proof=Proof("drill", 0, 60))


def test_a_check_is_due_once_in_its_period_at_the_time_of_day_of_the_backup():
    slot = latest_proof_slot(NOW, 0, "ws1", DAILY, WEEKLY)
    assert (slot - latest_slot(NOW, 0, "ws1", DAILY)) % DAY == 0
    assert not proof_is_due(slot, now=slot + 7 * DAY - 1)
    assert proof_is_due(slot, now=slot + 7 * DAY)
    assert proof_is_due(slot - 1, now=slot)


def test_a_check_of_the_future_is_of_a_clock_that_was_wrong():
    assert proof_is_due(NOW + 300 * DAY)


def test_the_days_of_checks_are_spread_over_hosts_and_always_the_same_for_one():
    def day(host):
        return latest_proof_slot(NOW, 0, host, DAILY, WEEKLY) // DAY % 7

    days = [day(f"ws{number}") for number in range(140)]
    assert days == [day(f"ws{number}") for number in range(140)]
    assert min(days.count(one) for one in range(7)) > 8


def test_checks_more_often_than_daily_are_not_moved():
    often = Proof("check", 6, 60)
    assert latest_proof_slot(NOW, 0, "ws1", DAILY, often) == NOW - HOUR
