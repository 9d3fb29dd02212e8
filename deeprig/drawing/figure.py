"""One panel as a figure inside an HTML page: it scales with the page and takes its colours.

Screen readers are told its title and description. Lines differ in dashes as well as in colour: a
page may be printed, and its reader may not tell red from green.
"""

from __future__ import annotations

from xml.sax.saxutils import escape

from deeprig.drawing import palette
from deeprig.drawing.plot import Panel
from deeprig.drawing.svg_legend import LEGEND_ROW, legend, legend_entry
from deeprig.drawing.svg_panel import MARGIN, Box, panel_elements
from deeprig.drawing.svg_style import class_of

#: Small enough that letters stay readable when a phone shrinks it, two beside each other on paper.
_WIDTH, _HEIGHT = 400, 240
_LEGEND_TOP = 4.0
_DASHES = ("none", "7 3", "2 3", "10 3 2 3", "4 2 1 2", "12 4", "1 2", "6 2 2 2 2 2")


def figure(panel: Panel, ident: str, description: str) -> str:
    """Return the ``svg`` element; ``ident`` is unique in the page, and no text of a host."""
    entries = tuple(legend(panel.lines, MARGIN, _WIDTH))
    rows = 1 + max((row for _, row, _ in entries), default=-1)
    height = int(_HEIGHT + rows * LEGEND_ROW + _LEGEND_TOP)
    parts = [
        f'<svg class="figure" viewBox="0 0 {_WIDTH} {height}" role="img" '
        f'aria-labelledby="{ident}-title {ident}-about">',
        f'<title id="{ident}-title">{escape(panel.title)}</title>',
        f'<desc id="{ident}-about">{escape(description)}</desc>',
        *panel_elements(panel, Box(0, 0, _WIDTH, _HEIGHT)),
    ]
    for x, row, line in entries:
        parts += legend_entry(x, _HEIGHT + _LEGEND_TOP + row * LEGEND_ROW, line)
    return "\n".join((*parts, "</svg>"))


def figure_style() -> str:
    """Return the rules for figures; the page sets ``--text``, ``--quiet``, ``--line``, ``--card``.

    ``--c0`` to ``--c7`` are the colours of lines: ``figure_colours`` returns them.
    """
    rules = [_rule(index, dashes) for index, dashes in enumerate(_DASHES)]
    return "\n".join((_STYLE, *rules))


def figure_colours(*, is_dark: bool) -> str:
    """Return the declarations of the colours for light or for dark paper."""
    colour = palette.dark if is_dark else palette.light
    return " ".join(f"--c{index}: {colour(index)};" for index in range(len(_DASHES)))


def _rule(index: int, dashes: str) -> str:
    name = class_of(index)
    return (
        f"svg.figure .{name} {{ stroke: var(--c{index}); stroke-dasharray: {dashes} }} "
        f"svg.figure .{name}d {{ fill: var(--c{index}) }}"
    )


_STYLE = """svg.figure { display: block; width: 100%; height: auto }
svg.figure text { font: 12px system-ui, sans-serif; fill: var(--text) }
svg.figure .panel { font-size: 13px; font-weight: 600 }
svg.figure .quiet { fill: var(--quiet) }
svg.figure .grid { stroke: var(--line); stroke-width: 1; opacity: .6 }
svg.figure .frame { stroke: var(--quiet); stroke-width: 1; fill: none }
svg.figure .line { fill: none; stroke-width: 1.8; stroke-linejoin: round }
svg.figure .told { paint-order: stroke; stroke: var(--card); stroke-width: 4px }
svg.figure .reference { stroke: var(--quiet); stroke-width: 1.2; stroke-dasharray: 5 4 }
svg.figure path.limit { stroke: var(--bad) } svg.figure text.limit { fill: var(--bad) }"""
