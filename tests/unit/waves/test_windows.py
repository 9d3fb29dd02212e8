"""Time windows are wall-clock time: over midnight, over the week's end, over changes of clocks."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from deeprig.waves.windows import Calendar, Window

BERLIN = "Europe/Berlin"


def local(text, zone=BERLIN, fold=0):
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("text", "days", "start", "end"),
    [
        ("22:00-06:00", tuple(range(7)), 1320, 360),
        ("mon-fri 22:00-06:00", (0, 1, 2, 3, 4), 1320, 360),
        ("sat,sun 08:00-24:00", (5, 6), 480, 1440),
        ("fri-mon 00:00-24:00", (0, 4, 5, 6), 0, 1440),
        (" MON 01:30-02:00 ", (0,), 90, 120),
    ],
)
def test_a_window_is_read(text, days, start, end):
    assert Window.parse(text) == Window(days, start, end)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "22-06",
        "mon",
        "moon 01:00-02:00",
        "mon-xyz 01:00-02:00",
        "25:00-26:00",
        "01:60-02:00",
        "mon,,tue 01:00-02:00",
        "01:00-24:01",
    ],
)
def test_what_is_no_window_is_refused_with_an_example(text):
    with pytest.raises(ValueError, match="such as 'mon-fri"):
        Window.parse(text)


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-11-20T21:59", False),  # a Friday
        ("2026-11-20T22:00", True),
        ("2026-11-21T05:59", True),  # the Saturday morning is Friday's
        ("2026-11-21T06:00", False),
        ("2026-11-21T22:30", False),  # Saturday night is nobody's
        ("2026-11-23T03:00", False),  # nor is Monday morning
        ("2026-11-23T22:00", True),
    ],
)
def test_a_window_over_midnight_belongs_to_the_day_on_which_it_opens(moment, is_open):
    calendar = Calendar.of(("mon-fri 22:00-06:00",), BERLIN)
    assert calendar.is_open(local(moment)) is is_open


def test_without_windows_every_time_is_good_and_none_ends():
    calendar = Calendar()
    assert calendar.is_open(utc("2026-11-20T12:00"))
    assert calendar.closes_at(utc("2026-11-20T12:00")) is None


def test_the_zone_is_the_labs_and_not_the_controllers():
    calendar = Calendar.of(("09:00-10:00",), "Asia/Tokyo")
    assert calendar.is_open(utc("2026-11-20T00:30"))
    assert not calendar.is_open(utc("2026-11-20T09:30"))


def test_a_night_in_which_clocks_go_forward_is_an_hour_shorter():
    calendar = Calendar.of(("22:00-06:00",), BERLIN)
    opening = local("2026-03-28T22:00")
    assert calendar.closes_at(opening) == utc("2026-03-29T04:00")
    assert calendar.closes_at(opening) - opening.astimezone(timezone.utc) == timedelta(hours=7)


def test_a_night_in_which_clocks_go_back_is_an_hour_longer():
    calendar = Calendar.of(("22:00-06:00",), BERLIN)
    opening = local("2026-10-24T22:00").astimezone(timezone.utc)
    assert calendar.closes_at(opening) - opening == timedelta(hours=9)


def test_a_window_that_a_change_of_clocks_leaves_out_opens_the_day_after():
    calendar = Calendar.of(("02:00-03:00",), BERLIN)
    assert calendar.opens_at(utc("2026-03-28T12:00")) == utc("2026-03-30T00:00")


def test_a_window_that_a_change_of_clocks_cuts_opens_when_it_first_can():
    calendar = Calendar.of(("02:30-05:00",), BERLIN)
    assert calendar.opens_at(utc("2026-03-28T12:00")) == utc("2026-03-29T01:00")


def test_a_window_in_the_hour_that_occurs_twice_opens_twice():
    calendar = Calendar.of(("02:00-02:30",), BERLIN)
    first = calendar.opens_at(utc("2026-10-24T12:00"))
    assert first == utc("2026-10-25T00:00")
    assert calendar.closes_at(first) == utc("2026-10-25T00:30")
    assert calendar.opens_at(utc("2026-10-25T00:30")) == utc("2026-10-25T01:00")


def test_the_next_opening_is_over_the_weeks_end():
    calendar = Calendar.of(("mon 03:00-04:00",), "UTC")
    assert calendar.opens_at(utc("2026-11-23T04:00:30")) == utc("2026-11-30T03:00")


def test_windows_that_meet_are_one():
    calendar = Calendar.of(("mon 22:00-24:00", "tue 00:00-02:00"), "UTC")
    assert calendar.closes_at(utc("2026-11-23T22:00")) == utc("2026-11-24T02:00")
