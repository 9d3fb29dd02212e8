"""A figure inside a page: named, escaped, told apart without colours, seen on both papers."""

import re
from xml.etree import ElementTree

import pytest

from deeprig.drawing import palette
from deeprig.drawing.figure import figure, figure_style
from deeprig.drawing.plot import Line, Panel, Reference, axis

RUDE = "</svg><script>alert('x')</script> & \""
X, Y = axis("time", "s", 0, 10), axis("power", "W", 0, 400)


def panel(*lines, references=(), title="Power"):
    return Panel(title, X, Y, lines, references)


def line(name="GPU 0", colour=0, points=((0.0, 100.0), (10.0, 300.0))):
    return Line(name, points, colour)


def elements(svg, tag):
    return ElementTree.fromstring(svg).iter(tag)  # noqa: S314 - our own XML


def test_it_has_a_name_and_a_description_of_its_own():
    svg = figure(panel(line()), "h0-1", "from 100 W to 300 W")
    (title,), (about,) = elements(svg, "title"), elements(svg, "desc")
    assert (title.get("id"), title.text) == ("h0-1-title", "Power")
    assert (about.get("id"), about.text) == ("h0-1-about", "from 100 W to 300 W")
    assert 'role="img" aria-labelledby="h0-1-title h0-1-about"' in svg


def test_texts_are_texts():
    reference = Reference(RUDE, 200, "y")
    svg = figure(panel(line(RUDE), references=(reference,), title=RUDE), "x", RUDE)
    assert "<script" not in svg
    assert [text.text for text in elements(svg, "text")].count(RUDE) == 1  # the legend
    (about,) = elements(svg, "desc")
    assert about.text == RUDE


def test_every_line_has_a_legend_that_stays_inside():
    lines = [line(f"a rather long name {n}", n) for n in range(8)]
    svg = figure(panel(*lines), "x", "")
    width, height = map(int, re.search(r'viewBox="0 0 (\d+) (\d+)"', svg).groups())
    texts = [text for text in elements(svg, "text") if (text.text or "").startswith("a rather")]
    assert [text.text for text in texts] == [line.name for line in lines]
    assert all(float(text.get("y")) < height for text in texts)
    assert all(float(text.get("x")) + 7 * len(text.text) < width for text in texts)


def test_lines_differ_in_dashes_not_in_colour_alone():
    dashes = re.findall(r"stroke-dasharray: ([^}]+) }", figure_style())
    assert len(set(dashes[-8:])) == 8


def test_words_of_a_lowest_value_stand_below_it():
    def place(**more):
        svg = figure(panel(line(), references=(Reference("least", 200, "y", **more),)), "x", "")
        (told,) = [t for t in elements(svg, "text") if (t.text or "").startswith("least")]
        return float(told.get("y"))

    assert place(is_lowest=True) > place()


def _light(colour):
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("index", range(8))
def test_lines_are_seen_on_light_and_on_dark_paper(index):
    """WCAG 2.2, 1.4.11: 3 to 1 for what is no text."""
    for colour, paper in ((palette.light(index), "#ffffff"), (palette.dark(index), "#151b23")):
        low, high = sorted((_light(colour), _light(paper)))
        assert (high + 0.05) / (low + 0.05) >= 3
