"""Curves: what is read, what is refused and why, and the speed between two points."""

import pytest

from deeprig.cooling.curve import CurvePoint, _point, parse_curve, percent_at

TEXT = "30:30 50:40 70:70 85:100"


def test_points_are_read_in_their_order():
    assert parse_curve(TEXT) == (
        CurvePoint(30, 30),
        CurvePoint(50, 40),
        CurvePoint(70, 70),
        CurvePoint(85, 100),
    )
    assert " ".join(map(str, parse_curve(TEXT))) == TEXT


def test_white_space_of_any_kind_is_between_points_and_none_is_in_a_point():
    assert parse_curve(f"\n{TEXT}\n") == parse_curve(TEXT)
    with pytest.raises(ValueError, match="is no point"):
        _point("85:100\n")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "a curve needs points"),
        ("30:30 warm:50 85:100", "'warm:50' is no point"),
        ("30:30,85:100", "is no point"),
        ("30:30 70:101 85:100", "70:101 is above 100 %"),
        ("30:30 120:100", "120:100 is above 110 C"),
        ("30:30 70:60 60:70 85:100", "temperatures must rise, and 60:70 comes after 70:60"),
        ("30:30 70:60 70:70 85:100", "temperatures must rise, and 70:70 comes after 70:60"),
        ("30:50 60:40 85:100", "needs no slower fan, and 60:40 comes after 30:50"),
        ("30:0 51:0 85:100", "51:0 stops the fan above 50 C"),
        ("30:0 90:0", "90:0 stops the fan above 50 C"),
        ("30:30 85:90", "the last point is 85:90; it must be 100 %, such as 85:100"),
        ("-5:30 85:100", "is no point"),
        ("\u0663\u0660:30 85:100", "is no point"),
    ],
)
def test_what_could_let_a_card_get_hot_is_refused_with_the_point(text, words):
    with pytest.raises(ValueError, match=r".") as caught:
        parse_curve(text)
    assert words in str(caught.value)


@pytest.mark.parametrize("text", ["85:100", "0:0 50:0 85:100", "40:30 40:30"])
def test_edges(text):
    if text == "40:30 40:30":
        with pytest.raises(ValueError, match="must rise"):
            parse_curve(text)
    else:
        assert parse_curve(text)


@pytest.mark.parametrize(
    ("temperature", "percent"),
    [(0, 30), (30, 30), (40, 35), (50, 40), (60, 55), (85, 100), (100, 100)],
)
def test_between_two_points_the_speed_is_on_a_straight_line(temperature, percent):
    assert percent_at(parse_curve(TEXT), temperature) == percent
