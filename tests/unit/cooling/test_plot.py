"""Axes, thinning and the panels of a host."""

import pytest

from deeprig.cooling.picture import curve_panel, fan_panel, hottest, temperature_panel
from deeprig.drawing.plot import axis, past_axis, thinned
from tests.unit.cooling.samples import CURVES, NOTHING, NOW, recorded


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (0, 100, ["0", "20", "40", "60", "80", "100"]),
        (33, 81, ["30", "40", "50", "60", "70", "80", "90"]),
        (61.0, 63.5, ["61", "61.5", "62", "62.5", "63", "63.5"]),
    ],
)
def test_an_axis_has_round_numbers_and_both_ends(low, high, labels):
    found = axis("temperature", "C", low, high)
    assert [tick.label for tick in found.ticks] == labels
    assert found.low <= low
    assert found.high >= high


def test_an_axis_needs_a_range():
    with pytest.raises(ValueError, match="needs a range"):
        axis("temperature", "C", 5, 5)


@pytest.mark.parametrize(
    ("hours", "first", "count"),
    [
        (0.1, "-6 min", 7),
        (0.5, "-30 min", 7),
        (1, "-60 min", 7),
        (6, "-6 h", 7),
        (24, "-24 h", 7),
        (72, "-72 h", 7),
        (720, "-30 d", 7),
    ],
)
def test_time_is_told_back_from_now_in_a_handful_of_steps(hours, first, count):
    found = past_axis(hours)
    labels = [tick.label.replace("\N{MINUS SIGN}", "-") for tick in found.ticks]
    assert (labels[0], labels[-1], len(labels)) == (first, "now", count)
    assert (found.low, found.high) == (-hours * 3600, 0)


def test_thinning_keeps_peaks_and_gaps():
    points = [(float(n), 50.0 + (40 if n == 777 else 0)) for n in range(1000)]
    points[500:500] = [None]
    found = thinned(tuple(points), 100)
    assert len(found) <= 103
    assert (777.0, 90.0) in found
    assert found.count(None) == 1
    times = [p[0] for p in found if p is not None]
    assert times == sorted(times)
    assert thinned(tuple(points[:50]), 100) == tuple(points[:50])


def test_a_line_is_broken_where_nobody_asked():
    first, second = fan_panel(recorded()).lines
    assert (first.name, second.name) == ("GPU 0", "GPU 1")
    (gap,) = [n for n, point in enumerate(first.points) if point is None]
    assert first.points[gap - 1][0] == -1800
    assert first.points[gap + 1][0] == -1200


def test_curves_are_lines_from_end_to_end_and_what_was_measured_are_dots():
    panel = curve_panel(CURVES, recorded())
    declared, own, measured = panel.lines
    assert declared.name == "declared"
    assert declared.points[0] == (20.0, 30.0)
    assert declared.points[-1] == (100.0, 100.0)
    assert own.name == "declared for card 1"
    assert (60.0, 50.0) in measured.points
    assert len(measured.points) == len(set(measured.points))
    assert [(r.name, r.value) for r in panel.references] == [("target", 70)]


def test_temperatures_have_target_and_slowdown():
    panel = temperature_panel(CURVES, recorded())
    assert [(r.name, r.value, r.is_limit) for r in panel.references] == [
        ("target", 70, False),
        ("cards slow down at", 93.0, True),
    ]
    assert panel.y.high >= 93


def test_the_hottest_card_stands_for_all_where_lines_cannot_be_told_apart():
    one = hottest(recorded())
    assert [card.label for card in one.cards] == ["hottest card"]
    at_last = [s for s in one.history.samples if s.time == NOW]
    assert [s.temperature_c for s in at_last] == [65.0]
    assert hottest(NOTHING) is NOTHING


def test_a_picture_of_nothing_has_still_its_curve():
    assert [line.name for line in curve_panel(CURVES, NOTHING).lines] == [
        "declared",
        "declared for card 1",
        "measured",
    ]
    assert fan_panel(NOTHING).lines == ()
