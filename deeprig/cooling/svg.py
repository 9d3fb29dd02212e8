"""Panels as one SVG picture: readable on light and dark paper, in a browser, on GitHub, in print.

Nothing is fetched and no script runs: fonts are the reader's, colours are in the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import escape

from deeprig.cooling.plot import Line, Panel
from deeprig.cooling.svg_panel import MARGIN, Box, panel_elements, stroke, text
from deeprig.cooling.svg_style import class_of, style_sheet

_WIDTH, _ROW_HEIGHT = 960, 300
_HEAD, _LEGEND_ROW = 64.0, 20.0
_CHARACTER = 7.4
#: Panels beside each other, each with its share of the width; rows from top to bottom.
Rows = tuple[tuple[tuple[Panel, float], ...], ...]


def picture(title: str, subtitle: str, rows: Rows) -> str:
    """Return an SVG text: rows of panels, and one legend for all of them."""
    legend = tuple(_legend(rows))
    top = _HEAD + _LEGEND_ROW * (1 + max((row for _, row, _ in legend), default=-1))
    height = int(top + len(rows) * _ROW_HEIGHT + MARGIN)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" '
        f'viewBox="0 0 {_WIDTH} {height}" role="img">',
        f"<title>{escape(title)}</title>",
        f"<style>{style_sheet()}</style>",
        f'<rect class="paper" width="{_WIDTH}" height="{height}"/>',
        text(MARGIN, 28, title, "title"),
        text(MARGIN, 48, subtitle, "quiet"),
    ]
    for x, row, line in legend:
        parts += _legend_entry(x, _HEAD + row * _LEGEND_ROW, line)
    for panel, box in _placed(rows, top):
        parts += panel_elements(panel, box)
    return "\n".join((*parts, "</svg>", ""))


def _placed(rows: Rows, top: float) -> Iterator[tuple[Panel, Box]]:
    """Yield every panel with its box."""
    for number, row in enumerate(rows):
        left = 0.0
        for panel, share in row:
            yield panel, Box(left, top + number * _ROW_HEIGHT, share * _WIDTH, _ROW_HEIGHT)
            left += share * _WIDTH


def _legend(rows: Rows) -> Iterator[tuple[float, int, Line]]:
    """Yield x, row and line for every name, in the order in which the panels show them."""
    seen: dict[str, Line] = {}
    for row in rows:
        for panel, _ in row:
            for line in panel.lines:
                seen.setdefault(line.name, line)
    x, number = MARGIN, 0
    for line in seen.values():
        needed = 34 + len(line.name) * _CHARACTER
        if x > MARGIN and x + needed > _WIDTH:
            x, number = MARGIN, number + 1
        yield x, number, line
        x += needed


def _legend_entry(x: float, y: float, line: Line) -> list[str]:
    name = class_of(line.colour)
    middle = y + 4
    if line.style == "dots":
        drawn = f'<circle class="{name}d" cx="{x + 10:g}" cy="{middle:g}" r="3"/>'
    else:
        drawn = stroke(f"M{x:g} {middle:g}h20", line)
    return [drawn, text(x + 26, y + 8, line.name)]
