"""The picture for terminals of any width and encoding, and as SVG."""

import re
from xml.etree import ElementTree

import pytest

from deeprig.cooling.show import Shown, svg_text, text_lines
from deeprig.cooling.table import card_lines
from deeprig.cooling.terminal import sparkline
from tests.unit.cooling.samples import CURVES, NOTHING, recorded

SHOWN = Shown("rig1", CURVES, recorded())


def lines_of(shown=SHOWN, width=80, encoding="utf-8"):
    return [line.plain for line in text_lines(shown, width, encoding)]


@pytest.mark.parametrize("width", [40, 60, 80, 110])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_no_line_is_wider_than_the_terminal(width, encoding):
    lines = lines_of(width=width, encoding=encoding)
    # Title and cards above are sentences: the terminal folds them.
    assert max(map(len, lines[2:])) <= width
    assert {"Fan curve", "Temperature", "Fan speed"} <= set(lines)


@pytest.mark.parametrize(("width", "widest"), [(10, 40), (10_000, 110)])
def test_a_width_that_is_none_is_bounded(width, widest):
    assert max(map(len, lines_of(width=width)[2:])) <= widest


def test_a_terminal_that_has_only_ascii_gets_only_ascii():
    assert "".join(lines_of(encoding="ascii")).isascii()
    assert not "".join(lines_of()).isascii()
    assert "".join(lines_of(encoding="no-such-encoding")).isascii()


def test_axes_have_their_units_and_lines_their_names():
    text = "\n".join(lines_of())
    assert "100 %" in text
    assert "100 °C" in text
    assert re.search(r"\u221260 min .* now$", text, re.MULTILINE)
    for name in ("declared", "declared for card 1", "measured", "hottest card", "target 70 °C"):
        assert name in text
    assert "2 x Card A; 1 h until 2027-01-15 08:00 UTC" in text


def test_the_curve_rises_in_the_terminal_too():
    rows = [line.partition("|")[2] for line in lines_of(encoding="ascii") if "|" in line[:9]][:11]
    tops = [min(n for n, row in enumerate(rows) if row[x] in "*o") for x in (0, 30, 60)]
    assert tops == sorted(tops, reverse=True)
    assert tops[0] > tops[-1]


def test_each_card_has_its_numbers():
    lines = [line.plain for line in card_lines(recorded(), 80)]
    assert lines[0] == "  GPU 0 Card A"
    assert "60 to 61.8 °C, last 60" in lines[1]
    assert "50 to 50 %, last 50" in lines[2]
    assert lines[3] == "  GPU 1 Card A"


def test_a_sparkline_goes_from_the_lowest_bar_to_the_highest():
    assert sparkline((0, 50, None, 100), 0, 100) == "▁▅ █"
    assert sparkline((0, 100), 0, 100, has_blocks=False) == "_#"
    assert sparkline((5, 5), 5, 5) == "▁▁"


def test_without_history_the_curve_is_drawn_and_the_lack_told():
    lines = lines_of(Shown("rig1", CURVES, NOTHING))
    assert "nothing was recorded in the last 6 h" in lines
    assert "Fan curve" in lines
    assert "Temperature" not in lines


def test_the_svg_is_well_formed_and_has_every_text():
    root = ElementTree.fromstring(svg_text(SHOWN))  # noqa: S314 - our own text
    texts = {element.text for element in root.iter("{http://www.w3.org/2000/svg}text")}
    assert {
        "Cooling of rig1",
        "Fan curve (%)",
        "Temperature (°C)",
        "Fan speed (%)",
        "temperature (°C)",
        "declared",
        "GPU 0",
        "GPU 1",
        "target 70 °C",
        "cards slow down at 93 °C",
        "now",
    } <= texts


def test_nothing_in_the_svg_stands_outside_of_it():
    root = ElementTree.fromstring(svg_text(SHOWN))  # noqa: S314 - our own text
    width, height = float(root.get("width")), float(root.get("height"))
    for element in root.iter():
        for name, most in (("x", width), ("cx", width), ("y", height), ("cy", height)):
            assert 0 <= float(element.get(name, 0)) <= most
        for x, y in re.findall(r"[ML]([\d.]+) ([\d.]+)", element.get("d", "")):
            assert 0 <= float(x) <= width
            assert 0 <= float(y) <= height


def test_what_a_host_says_is_text_in_the_svg_and_nothing_else():
    shown = Shown("<script>&rig", (), recorded(names=('"<b>', "x")))
    root = ElementTree.fromstring(svg_text(shown))  # noqa: S314 - our own text
    assert not [element for element in root.iter() if element.tag.endswith(("script", "}b"))]


def test_an_svg_without_history_has_its_curve():
    text = svg_text(Shown("rig1", CURVES, NOTHING))
    assert "nothing was recorded" in text
    assert "Fan curve" in text
