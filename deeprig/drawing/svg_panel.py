"""One panel as elements of an SVG picture: axes, lines, dots, marked values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from xml.sax.saxutils import escape

from deeprig.drawing.plot import Axis, Line, Panel, Reference
from deeprig.drawing.svg_style import class_of

MARGIN = 16.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 52.0, 16.0, 34.0, 46.0
_BESIDE = 17


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


def panel_elements(panel: Panel, box: Box) -> Iterator[str]:
    """Yield the elements of a panel in its box."""
    plot = box.plot
    told = f"{panel.title} ({panel.y.unit})" if panel.y.unit else panel.title
    yield text(box.left + MARGIN, box.top + 20, told, "panel")
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
        yield text(plot.left - 7, y + 4, tick.label, anchor="end")


def _axis_x(axis: Axis, plot: Box) -> Iterator[str]:
    bottom = plot.top + plot.height
    for tick in axis.ticks:
        x = plot.left + plot.width * axis.share(tick.value)
        yield f'<path class="grid" d="M{x:.1f} {plot.top:.1f}v{plot.height:.1f}"/>'
        anchor = "end" if axis.share(tick.value) == 1.0 and len(tick.label) > 2 else "middle"
        yield text(x, bottom + 17, tick.label, anchor=anchor)
    told = f"{axis.title} ({axis.unit})" if axis.unit else axis.title
    yield text(plot.left + plot.width / 2, bottom + 35, told, "quiet", anchor="middle")


def _line(line: Line, panel: Panel, plot: Box) -> Iterator[str]:
    places = [None if point is None else _place(point, panel, plot) for point in line.points]
    if line.style == "dots":
        name = class_of(line.colour)
        for x, y in dict.fromkeys(place for place in places if place is not None):
            yield f'<circle class="{name}d" fill-opacity=".35" cx="{x:.1f}" cy="{y:.1f}" r="2"/>'
        return
    words, is_new = [], True
    for place in places:
        if place is not None:
            words.append(f"{'M' if is_new else 'L'}{place[0]:.1f} {place[1]:.1f}")
        is_new = place is None
    if words:
        yield stroke("".join(words), line)


def stroke(path: str, line: Line) -> str:
    """Return a path in a line's colour and style."""
    dashes = ' stroke-dasharray="6 4"' if line.style == "dashed" else ""
    return f'<path class="line {class_of(line.colour)}"{dashes} d="{path}"/>'


def _references(panel: Panel, plot: Box) -> Iterator[str]:
    for number, reference in enumerate(panel.references):
        # Marks lie close together, their words must not lie over each other.
        aside = number * _BESIDE
        name = "reference limit" if reference.is_limit else "reference"
        words = "told limit" if reference.is_limit else "told quiet"
        if reference.along == "y":
            y = _place((panel.x.low, reference.value), panel, plot)[1]
            yield f'<path class="{name}" d="M{plot.left:.1f} {y:.1f}h{plot.width:.1f}"/>'
            told = _told(reference, panel.y)
            baseline = y + 14 if reference.is_lowest else y - 5
            yield text(plot.left + 6 + 5 * aside, baseline, told, words)
        else:
            x = _place((reference.value, panel.y.low), panel, plot)[0]
            yield f'<path class="{name}" d="M{x:.1f} {plot.top:.1f}v{plot.height:.1f}"/>'
            yield text(x - 5, plot.top + 14 + aside, _told(reference, panel.x), words, anchor="end")


def _told(reference: Reference, axis: Axis) -> str:
    return f"{reference.name} {reference.value:g} {axis.unit}".rstrip()


def _place(point: tuple[float, float], panel: Panel, plot: Box) -> tuple[float, float]:
    x = plot.left + plot.width * panel.x.share(point[0])
    y = plot.top + plot.height * (1 - panel.y.share(point[1]))
    return round(x, 1), round(y, 1)


def text(x: float, y: float, words: str, name: str = "", *, anchor: str = "start") -> str:
    """Return a text element; ``words`` are escaped."""
    classed = f' class="{name}"' if name else ""
    anchored = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return f'<text x="{x:.1f}" y="{y:.1f}"{classed}{anchored}>{escape(words)}</text>'
