"""The legend of a picture: every line's name beside a piece of the line, in rows that fit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from deeprig.drawing.plot import Line
from deeprig.drawing.svg_panel import stroke, text
from deeprig.drawing.svg_style import class_of

LEGEND_ROW = 20.0
_CHARACTER = 7.4
_BEFORE_NAME = 34

#: Where an entry stands: x, row, and the line.
Entry = tuple[float, int, Line]


def legend(lines: Iterable[Line], left: float, width: float) -> Iterator[Entry]:
    """Yield an entry for every name, in the order in which the names come."""
    single: dict[str, Line] = {}
    for line in lines:
        single.setdefault(line.name, line)
    x, row = left, 0
    for line in single.values():
        needed = _BEFORE_NAME + len(line.name) * _CHARACTER
        if x > left and x + needed > width:
            x, row = left, row + 1
        yield x, row, line
        x += needed


def legend_entry(x: float, y: float, line: Line) -> list[str]:
    """Return the elements of an entry."""
    middle = y + 4
    if line.style == "dots":
        name = class_of(line.colour)
        drawn = f'<circle class="{name}d" cx="{x + 10:g}" cy="{middle:g}" r="3"/>'
    else:
        drawn = stroke(f"M{x:g} {middle:g}h20", line)
    return [drawn, text(x + 26, y + 8, line.name)]
