"""The diagrams of a certificate: each with its description and its numbers as a table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from deeprig.certificate.numbers import number
from deeprig.certificate.series import Group, Series, groups_of
from deeprig.certificate.training import Case
from deeprig.drawing.figure import figure
from deeprig.drawing.plot import Axis, Line, Panel, Points, Reference, axis, thinned

_MOST_POINTS = 240
_MOST_ROWS = 16
#: What the end's throughput must be of the start's (host/deeprig_host/burn/limits.py).
LEAST_SHARE = 0.9
_LIMIT = "90 % of the start:"
_MOST_LINES = 8
_LEFT_OUT = "{} more lines are left out; the JSON beside this page has them."
#: Longer than this many of the left unit, time is told in the right one.
_TIMES = ((180.0, 1.0, "s"), (10_800.0, 60.0, "min"), (float("inf"), 3600.0, "h"))


@dataclass(frozen=True, slots=True)
class Figure:
    """A diagram as an SVG element, what it shows in words, and its numbers."""

    title: str
    svg: str
    description: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def figures_of(case: Case, ident: str) -> tuple[Figure, ...]:
    """Return the figures of a case; ``ident`` is unique in the page, and no text of a host."""
    return tuple(_figure(group, f"{ident}-{n}") for n, group in enumerate(groups_of(case)))


def _figure(group: Group, ident: str) -> Figure:
    shown = group.series[:_MOST_LINES]
    scale, x = _x_axis(group)
    title = group.quantity.title
    y = _y_axis(group, shown)
    lines = tuple(_line(n, series, scale, group) for n, series in enumerate(shown))
    described = [f"{series.name}: {_described(series, group)}" for series in shown]
    if len(group.series) > len(shown):
        described.append(_LEFT_OUT.format(len(group.series) - len(shown)))
    description = "; ".join(described)
    columns = (f"{x.title} ({x.unit})" if x.unit else x.title, *(s.name for s in shown))
    return Figure(
        title,
        figure(Panel(title, x, y, lines, tuple(_references(group, shown))), ident, description),
        description,
        columns,
        tuple(_rows(shown, scale)),
    )


def _references(group: Group, shown: tuple[Series, ...]) -> Iterator[Reference]:
    """Yield below which rate a burn fails, of the slowest GPU. A CPU's rate is not judged."""
    if group.is_over_time and group.quantity.title == "Throughput":
        means = [series.start_and_end() for series in shown if series.name.startswith("GPU")]
        starts = [pair[0] for pair in means if pair is not None]
        if starts:
            least = float(f"{LEAST_SHARE * min(starts):.4g}")
            yield Reference(_LIMIT, least, "y", is_limit=True, is_lowest=True)


def _x_axis(group: Group) -> tuple[float, Axis]:
    """Return how many seconds (or epochs) a unit of the axis is, and the axis."""
    places = [x for series in group.series for x, _ in series.points]
    low, high = min(places), max(places)
    if not group.is_over_time:
        return 1.0, axis("epoch", "", low, _above(low, high))
    scale, unit = next((size, unit) for most, size, unit in _TIMES if high - low <= most)
    return scale, axis("time", unit, low / scale, _above(low / scale, high / scale))


def _y_axis(group: Group, shown: tuple[Series, ...]) -> Axis:
    values = [value for series in shown for value in series.values]
    low, high = min(values), max(values)
    if group.quantity.starts_at_zero:
        low = min(0.0, low)
    return axis(group.quantity.title, group.quantity.unit, low, _above(low, high), 5)


def _above(low: float, high: float) -> float:
    """Return an end that is above the start: a flat line has a height too."""
    return high if high > low else low + (abs(low) * 0.1 or 1.0)


def _line(number_: int, series: Series, scale: float, group: Group) -> Line:
    sign = -1.0 if group.quantity.keeps_lows else 1.0
    points: Points = tuple(None if y is None else (x / scale, sign * y) for x, y in series.points)
    kept = thinned(points, _MOST_POINTS)
    upright = tuple(None if point is None else (point[0], sign * point[1]) for point in kept)
    return Line(series.name, upright, number_)


def _described(series: Series, group: Group) -> str:
    values, unit = series.values, group.quantity.unit
    first, last, low, high = (
        f"{number(value)} {unit}".rstrip()
        for value in (values[0], values[-1], min(values), max(values))
    )
    missing = len(series.points) - len(values)
    gaps = f", {missing} without a number" if missing else ""
    return f"from {first} to {last}, lowest {low}, highest {high}{gaps}"


def _rows(shown: tuple[Series, ...], scale: float) -> list[tuple[str, ...]]:
    """Return at most 16 rows, evenly from the first to the last."""
    places = sorted({x for series in shown for x, _ in series.points})
    if len(places) > _MOST_ROWS:
        step = (len(places) - 1) / (_MOST_ROWS - 1)
        places = [places[round(n * step)] for n in range(_MOST_ROWS)]
    at = [dict(series.points) for series in shown]
    return [(number(x / scale), *(number(line.get(x)) for line in at)) for x in places]
