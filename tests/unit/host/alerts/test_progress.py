"""Told once when it begins, again while it lasts, once when it is over; flapping is damped."""

import pytest
from deeprig_host.alerts.evaluate import Verdict
from deeprig_host.alerts.progress import (
    FLAP_SECONDS,
    FLAP_SETTLE_SECONDS,
    SETTLE_SECONDS,
    UNKNOWN_SECONDS,
    Reading,
    advance,
)
from deeprig_host.alerts.rules import alert_named

MARGIN = alert_named("GpuNearSlowdown")  # for 60 s
START, REPEAT = 1000.0, 3600.0
GPU = ("0", "GPU-a")
OTHER = ("1", "GPU-b")


class Time:
    """Runs of the notifier, one after another; ``told`` is what each has told."""

    def __init__(self, alert=MARGIN):
        self.alert = alert
        self.now = START
        self.episodes = ()

    def see(self, holds, *, after=0.0, subject=GPU):
        """Run with a verdict (None: unknown); return what is told as (kind, summary) pairs."""
        self.now += after
        told = {} if holds is None else {subject: Verdict(holds, 3.0)}
        self.episodes, notices = advance(
            [Reading(self.alert, told)], self.episodes, self.now, REPEAT
        )
        self.notices = notices
        return [notice.kind for notice in notices]


@pytest.fixture
def time():
    return Time()


def test_it_is_told_when_it_has_held_long_enough_and_only_once(time):
    assert time.see(True) == []
    assert time.see(True, after=59) == []
    assert time.see(True, after=1) == ["began"]
    assert time.see(True, after=60) == []
    assert time.notices == ()


def test_what_holds_for_no_time_is_told_at_once():
    time = Time(alert_named("GpuRowRemapFailed"))
    assert time.see(True) == ["began"]


def test_what_ended_before_its_time_is_never_told(time):
    time.see(True)
    assert time.see(False, after=30) == []
    assert time.episodes == ()
    assert time.see(True, after=40) == [], "it begins anew"


def begun(time):
    time.see(True)
    assert time.see(True, after=60) == ["began"]


def test_it_is_told_again_while_it_lasts(time):
    begun(time)
    assert time.see(True, after=REPEAT - 1) == []
    assert time.see(True, after=1) == ["lasts"]
    assert time.see(True, after=60) == []


def test_it_is_told_as_over_once_it_was_clear_for_a_while(time):
    begun(time)
    assert time.see(False, after=60) == []
    assert time.see(False, after=SETTLE_SECONDS - 1) == []
    assert time.see(False, after=1) == ["resolved"]
    assert time.see(False, after=60) == []
    assert time.see(False, after=FLAP_SECONDS) == []
    assert time.episodes == (), "nothing of it is kept"


def test_a_short_pause_is_neither_told_as_over_nor_as_new(time):
    begun(time)
    assert time.see(False, after=60) == []
    assert time.see(True, after=60) == []
    assert time.see(False, after=60) == []
    assert time.see(False, after=SETTLE_SECONDS - 1) == [], "the pause counts from its own begin"


def test_what_comes_and_goes_must_be_clear_for_longer(time):
    for _ in range(2):
        begun(time)
        time.see(False, after=1)
        assert time.see(False, after=SETTLE_SECONDS) == ["resolved"]
    begun(time)
    assert time.notices[0].summary.endswith("(comes and goes)")
    for _ in range(5):
        time.see(False, after=1)
        assert time.see(False, after=SETTLE_SECONDS) == []
        assert time.see(True, after=1) == []
    time.see(False, after=1)
    assert time.see(False, after=FLAP_SETTLE_SECONDS) == ["resolved"]


def test_unknown_is_not_over(time):
    begun(time)
    assert time.see(None, after=60) == []
    assert time.see(None, after=UNKNOWN_SECONDS - 61) == []
    assert time.see(None, after=1) == ["unknown"]
    assert time.episodes == ()


def test_what_is_unknown_for_a_while_goes_on_when_it_is_seen_again(time):
    begun(time)
    time.see(None, after=UNKNOWN_SECONDS - 1)
    assert time.see(True, after=1) == ["lasts"], "the repeat time is over, it is not new"


def test_what_was_never_told_is_forgotten_when_unknown(time):
    time.see(True)
    assert time.see(None, after=30) == []
    assert time.see(True, after=40) == []


def test_subjects_are_told_each_for_itself(time):
    begun(time)
    both = {GPU: Verdict(True, 3.0), OTHER: Verdict(True, 1.0)}
    found, notices = advance([Reading(MARGIN, both)], time.episodes, time.now + 60, REPEAT)
    assert notices == ()
    _, notices = advance([Reading(MARGIN, both)], found, time.now + 120, REPEAT)
    assert [notice.summary[:5] for notice in notices] == ["GPU 1"]


def test_a_clock_that_was_set_back_delays_nothing(time):
    begun(time)
    time.now -= 500
    assert time.see(True) == []
    assert all(one.told_at == one.seen == time.now for one in time.episodes)
    assert time.see(True, after=REPEAT) == ["lasts"]


def test_an_alert_that_is_switched_off_ends_unsaid(time):
    begun(time)
    assert advance([], time.episodes, time.now, REPEAT) == ((), ())


def test_the_text_is_that_of_the_last_time_it_held(time):
    begun(time)
    time.see(False, after=60)
    time.see(False, after=SETTLE_SECONDS)
    assert "is 3 °C below" in time.notices[0].summary
