"""How the SVG pictures look: colours for light and dark paper, fonts, strokes."""

from __future__ import annotations

from deeprig.drawing import palette

_STYLE = """
text { font: 12px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; fill: #333 }
.title { font-size: 18px; font-weight: 600; fill: #111 }
.panel { font-size: 13px; font-weight: 600; fill: #111 }
.quiet { fill: #666 }
.paper { fill: #fff }
.grid { stroke: #e3e3e3; stroke-width: 1 }
.frame { stroke: #999; stroke-width: 1; fill: none }
.line { fill: none; stroke-width: 1.8; stroke-linejoin: round; stroke-linecap: round }
.told { paint-order: stroke; stroke: #fff; stroke-width: 4px; stroke-linejoin: round }
.reference { stroke: #777; stroke-width: 1.2; stroke-dasharray: 5 4 }
path.limit { stroke: #c00000 }
text.limit { fill: #c00000 }
"""
_DARK = """
text { fill: #ccc } .title, .panel { fill: #f2f2f2 } .quiet { fill: #999 } .paper { fill: #16181c }
.grid { stroke: #2c2f36 } .frame { stroke: #666 } .reference { stroke: #999 }
path.limit { stroke: #ff6b6b } text.limit { fill: #ff6b6b } .told { stroke: #16181c }
"""


def style_sheet() -> str:
    """Return the style sheet, with two classes for every colour: strokes, and areas (``d``)."""
    indexes = (palette.DECLARED, *range(8))
    day = "".join(_rule(index, palette.light(index)) for index in indexes)
    night = "".join(_rule(index, palette.dark(index)) for index in indexes)
    return f"{_STYLE}{day}\n@media (prefers-color-scheme: dark) {{{_DARK}{night}}}\n"


def _rule(index: int, colour: str) -> str:
    name = class_of(index)
    return f".{name} {{ stroke: {colour} }} .{name}d {{ fill: {colour}; stroke: none }}\n"


def class_of(index: int) -> str:
    """Return the class of a colour of the palette."""
    return "declared" if index == palette.DECLARED else f"c{index % 8}"
