"""Panels as one SVG picture: readable on light and dark paper, in a browser, on GitHub, in print.

Nothing is fetched and no script runs: fonts are the reader's, colours are in the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import escape

from deeprig.drawing.plot import Panel
from deeprig.drawing.svg_legend import LEGEND_ROW, legend, legend_entry
from deeprig.drawing.svg_panel import MARGIN, Box, panel_elements, text
from deeprig.drawing.svg_style import style_sheet

_WIDTH, _ROW_HEIGHT = 960, 300
_HEAD = 64.0
#: Panels beside each other, each with its share of the width; rows from top to bottom.
Rows = tuple[tuple[tuple[Panel, float], ...], ...]


def picture(title: str, subtitle: str, rows: Rows) -> str:
    """Return an SVG text: rows of panels, and one legend for all of them."""
    lines = (line for row in rows for panel, _ in row for line in panel.lines)
    entries = tuple(legend(lines, MARGIN, _WIDTH))
    top = _HEAD + LEGEND_ROW * (1 + max((row for _, row, _ in entries), default=-1))
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
    for x, row, line in entries:
        parts += legend_entry(x, _HEAD + row * LEGEND_ROW, line)
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
