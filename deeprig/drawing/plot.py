"""What a diagram shows, whoever draws it: axes, lines, dots and marked values, as data.

``svg`` and ``terminal`` draw the same panels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

#: Positions in data units; None is a gap in a line.
Points = tuple[tuple[float, float] | None, ...]
_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class Tick:
    """A labelled position on an axis."""

    value: float
    label: str


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis; ``title`` names the quantity, ``unit`` stands at it (``°C``, ``%``)."""

    title: str
    unit: str
    low: float
    high: float
    ticks: tuple[Tick, ...]

    def share(self, value: float) -> float:
        """Return where a value lies between the ends: 0 to 1, held within them."""
        share = (value - self.low) / (self.high - self.low)
        return min(1.0, max(0.0, share))


@dataclass(frozen=True, slots=True)
class Line:
    """A line; ``colour`` is an index into the drawer's palette, the same thing the same index."""

    name: str
    points: Points
    colour: int
    style: Literal["solid", "dashed", "dots"] = "solid"


@dataclass(frozen=True, slots=True)
class Reference:
    """A value that is marked across the panel, such as a target.

    ``is_lowest``: lines lie above it, and its words below.
    """

    name: str
    value: float
    along: Literal["x", "y"]
    is_limit: bool = False
    is_lowest: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """One diagram."""

    title: str
    x: Axis
    y: Axis
    lines: tuple[Line, ...]
    references: tuple[Reference, ...] = ()


def axis(title: str, unit: str, low: float, high: float, most_ticks: int = 6) -> Axis:
    """Return an axis over a range, widened to round numbers. Raise ValueError for an empty one."""
    if not low < high:
        raise ValueError(f"an axis needs a range, not {low} to {high}")
    step = _step((high - low) / max(1, most_ticks - 1))
    first, last = math.floor(low / step), math.ceil(high / step)
    ticks = tuple(Tick(n * step, f"{n * step:g}") for n in range(first, last + 1))
    return Axis(title, unit, first * step, last * step, ticks)


def past_axis(hours: float) -> Axis:
    """Return an axis of time that ends now; its values are seconds, now is 0."""
    step, unit = next(
        (pair for pair in _TIME_STEPS if hours * 3600 / pair[0] <= _MOST_TIME_TICKS),
        _TIME_STEPS[-1],
    )
    size, name = unit
    count = int(hours * 3600 / step)
    ticks = [
        Tick(-n * step, f"\N{MINUS SIGN}{n * step / size:g} {name}") for n in range(count, 0, -1)
    ]
    return Axis("time", "", -hours * 3600, 0.0, (*ticks, Tick(0.0, "now")))


_MOST_TIME_TICKS = 6
_MINUTE, _HOUR, _DAY = (60.0, "min"), (3600.0, "h"), (86_400.0, "d")
#: Seconds between two ticks, and the unit they are told in.
_TIME_STEPS = (
    *((60.0 * n, _MINUTE) for n in (1, 2, 5, 10, 15, 30)),
    *((3600.0 * n, _HOUR) for n in (1, 2, 4, 6, 12)),
    *((86_400.0 * n, _DAY) for n in (1, 2, 5, 10)),
)


def thinned(points: Points, most: int) -> Points:
    """Return at most ``most`` points and the gaps between them: of each bin its highest value.

    Peaks stay: it is the peaks that people look for.
    """
    there = [point for point in points if point is not None]
    if len(there) <= most:
        return points
    first, last = there[0][0], there[-1][0]
    width = (last - first) / most
    kept: list[tuple[float, float] | None] = []
    bin_of_last = -1
    for point in points:
        if point is None:
            if kept and kept[-1] is not None:
                kept.append(None)
                bin_of_last = -1
            continue
        # Far out, many positions are the same float: they are one bin.
        number = int((point[0] - first) / width) if width > 0 else 0
        highest = kept[-1] if kept else None
        if number != bin_of_last or highest is None:
            kept.append(point)
            bin_of_last = number
        elif point[1] > highest[1]:
            kept[-1] = point
    return tuple(kept)


def _step(rough: float) -> float:
    """Return the round step that is no smaller than a rough one."""
    power = 10.0 ** math.floor(math.log10(rough))
    return power * next(step for step in _STEPS if step * power >= rough * (1 - 1e-9))
