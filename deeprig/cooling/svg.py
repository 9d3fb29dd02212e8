"""Panels as one SVG picture: readable on light and dark paper, in a browser, on GitHub, in print.

Nothing is fetched and no script runs: fonts are the reader's, colours are in the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from xml.sax.saxutils import escape

from deeprig.cooling import palette
from deeprig.cooling.plot import Axis, Line, Panel, Reference

_LEFT, _RIGHT, _TOP, _BOTTOM = 52.0, 16.0, 34.0, 46.0
_HEAD, _LEGEND_ROW, _MARGIN = 64.0, 20.0, 16.0
_CHARACTER, _BESIDE = 7.4, 17
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


@dataclass(frozen=True, slots=True)
class Box:
    """Where a panel stands in the picture, in pixels."""

    left: float
    top: float
    width: float
    height: float

    @property
    def plot(self) -> Box:
        """Return the part inside the axes."""
        return Box(
            self.left + _LEFT,
            self.top + _TOP,
            self.width - _LEFT - _RIGHT,
            self.height - _TOP - _BOTTOM,
        )


def picture(
    title: str,
    subtitle: str,
    rows: tuple[tuple[tuple[Panel, float], ...], ...],
    *,
    width: int = 960,
    row_height: int = 300,
) -> str:
    """Return an SVG text: rows of panels, each with its share of the width, and one legend."""
    legend = tuple(_legend(rows, width))
    lines_of_legend = 1 + max((line for _, line, _ in legend), default=-1)
    top = _HEAD + lines_of_legend * _LEGEND_ROW
    height = int(top + len(rows) * row_height + _MARGIN)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" role="img">',
        f"<title>{escape(title)}</title>",
        f"<style>{_STYLE}{_colours()}</style>",
        f'<rect class="paper" width="{width}" height="{height}"/>',
        _text(_MARGIN, 28, title, "title"),
        _text(_MARGIN, 48, subtitle, "quiet"),
    ]
    for x, line, entry in legend:
        parts += _legend_entry(x, _HEAD + line * _LEGEND_ROW, entry)
    for number, row in enumerate(rows):
        left = 0.0
        for panel, share in row:
            box = Box(left, top + number * row_height, share * width, row_height)
            parts += _panel(panel, box)
            left += share * width
    return "\n".join((*parts, "</svg>", ""))


def _colours() -> str:
    """Return a class for every colour: one for light paper, one for dark."""
    indexes = (palette.DECLARED, *range(8))
    day = "".join(_rule(index, palette.light(index)) for index in indexes)
    night = "".join(_rule(index, palette.dark(index)) for index in indexes)
    return f"{day}\n@media (prefers-color-scheme: dark) {{{_DARK}{night}}}\n"


def _rule(index: int, colour: str) -> str:
    name = _class(index)
    return f".{name} {{ stroke: {colour} }} .{name}d {{ fill: {colour}; stroke: none }}\n"


def _class(index: int) -> str:
    return "declared" if index == palette.DECLARED else f"c{index % 8}"


def _legend(
    rows: tuple[tuple[tuple[Panel, float], ...], ...], width: int
) -> Iterator[tuple[float, int, Line]]:
    """Yield x, row and line for every name, in the order in which the panels show them."""
    seen: dict[str, Line] = {}
    for row in rows:
        for panel, _ in row:
            for line in panel.lines:
                seen.setdefault(line.name, line)
    x, number = _MARGIN, 0
    for line in seen.values():
        needed = 34 + len(line.name) * _CHARACTER
        if x > _MARGIN and x + needed > width:
            x, number = _MARGIN, number + 1
        yield x, number, line
        x += needed


def _legend_entry(x: float, y: float, line: Line) -> list[str]:
    name = _class(line.colour)
    middle = y + 4
    if line.style == "dots":
        drawn = f'<circle class="{name}d" cx="{x + 10:g}" cy="{middle:g}" r="3"/>'
    else:
        drawn = _stroke(f"M{x:g} {middle:g}h20", line)
    return [drawn, _text(x + 26, y + 8, line.name)]


def _panel(panel: Panel, box: Box) -> Iterator[str]:
    plot = box.plot
    yield _text(box.left + _MARGIN, box.top + 20, f"{panel.title} ({panel.y.unit})", "panel")
    yield from _axis_y(panel.y, plot)
    yield from _axis_x(panel.x, plot)
    for line in sorted(panel.lines, key=lambda line: line.style != "dots"):
        yield from _line(line, panel, plot)
    yield from _references(panel, plot)
    yield (
        f'<rect class="frame" x="{plot.left:.1f}" y="{plot.top:.1f}" '
        f'width="{plot.width:.1f}" height="{plot.height:.1f}"/>'
    )


def _axis_y(axis: Axis, plot: Box) -> Iterator[str]:
    for tick in axis.ticks:
        y = plot.top + plot.height * (1 - axis.share(tick.value))
        yield f'<path class="grid" d="M{plot.left:.1f} {y:.1f}h{plot.width:.1f}"/>'
        yield _text(plot.left - 7, y + 4, tick.label, anchor="end")


def _axis_x(axis: Axis, plot: Box) -> Iterator[str]:
    bottom = plot.top + plot.height
    for tick in axis.ticks:
        x = plot.left + plot.width * axis.share(tick.value)
        yield f'<path class="grid" d="M{x:.1f} {plot.top:.1f}v{plot.height:.1f}"/>'
        anchor = "end" if axis.share(tick.value) == 1.0 and len(tick.label) > 2 else "middle"
        yield _text(x, bottom + 17, tick.label, anchor=anchor)
    told = f"{axis.title} ({axis.unit})" if axis.unit else axis.title
    yield _text(plot.left + plot.width / 2, bottom + 35, told, "quiet", anchor="middle")


def _line(line: Line, panel: Panel, plot: Box) -> Iterator[str]:
    places = [None if point is None else _place(point, panel, plot) for point in line.points]
    if line.style == "dots":
        name = _class(line.colour)
        for x, y in dict.fromkeys(place for place in places if place is not None):
            yield f'<circle class="{name}d" fill-opacity=".35" cx="{x:.1f}" cy="{y:.1f}" r="2"/>'
        return
    words, is_new = [], True
    for place in places:
        if place is not None:
            words.append(f"{'M' if is_new else 'L'}{place[0]:.1f} {place[1]:.1f}")
        is_new = place is None
    if words:
        yield _stroke("".join(words), line)


def _stroke(path: str, line: Line) -> str:
    dashes = ' stroke-dasharray="6 4"' if line.style == "dashed" else ""
    return f'<path class="line {_class(line.colour)}"{dashes} d="{path}"/>'


def _references(panel: Panel, plot: Box) -> Iterator[str]:
    for number, reference in enumerate(panel.references):
        # Marks lie close together, their words must not lie over each other.
        aside = number * _BESIDE
        name = "reference limit" if reference.is_limit else "reference"
        words = "told limit" if reference.is_limit else "told quiet"
        if reference.along == "y":
            y = _place((panel.x.low, reference.value), panel, plot)[1]
            yield f'<path class="{name}" d="M{plot.left:.1f} {y:.1f}h{plot.width:.1f}"/>'
            yield _text(plot.left + 6 + 5 * aside, y - 5, _told(reference, panel.y), words)
        else:
            x = _place((reference.value, panel.y.low), panel, plot)[0]
            yield f'<path class="{name}" d="M{x:.1f} {plot.top:.1f}v{plot.height:.1f}"/>'
            yield _text(
                x - 5, plot.top + 14 + aside, _told(reference, panel.x), words, anchor="end"
            )


def _told(reference: Reference, axis: Axis) -> str:
    return f"{reference.name} {reference.value:g} {axis.unit}".rstrip()


def _place(point: tuple[float, float], panel: Panel, plot: Box) -> tuple[float, float]:
    x = plot.left + plot.width * panel.x.share(point[0])
    y = plot.top + plot.height * (1 - panel.y.share(point[1]))
    return round(x, 1), round(y, 1)


def _text(x: float, y: float, text: str, name: str = "", *, anchor: str = "start") -> str:
    classed = f' class="{name}"' if name else ""
    anchored = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return f'<text x="{x:.1f}" y="{y:.1f}"{classed}{anchored}>{escape(text)}</text>'
