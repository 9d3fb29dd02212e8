"""Times for people: never is never, and the future is no age."""

import pytest

from deeprig.backup.far import size_text
from deeprig.backup.moments import ago, moment, span, until


def test_never_is_neither_now_nor_long_ago():
    assert (ago(100, None), until(100, None)) == ("never", "never")


def test_a_clock_that_is_a_little_ahead_is_no_news():
    assert ago(100, 130) == "0 s ago"
    assert ago(100, 4000) == "in the future (1970-01-01 01:06:40)"


def test_what_is_over_is_now():
    assert (until(100, 90), until(100, 7300)) == ("now", "in 2 h")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (59, "59 s"), (60, "1 min"), (3600, "1 h"), (86_400, "24 h"), (172_800, "2 days")],
)
def test_a_time_is_told_in_the_unit_that_fits(seconds, text):
    assert span(seconds) == text


@pytest.mark.parametrize("impossible", [None, 1e30, -1e30, float("nan")])
def test_a_time_that_is_none_is_a_question_mark(impossible):
    assert moment(impossible) == "?"


def test_sizes_are_told_in_the_unit_that_fits():
    sizes = (0, 999, 1000, 2**30, 5e24)
    assert [size_text(size) for size in sizes] == [
        "0 B",
        "999 B",
        "1.0 KiB",
        "1.0 GiB",
        "4440892098.5 PiB",
    ]
