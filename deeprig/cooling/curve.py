"""Fan curves as the inventory and ``/etc/deeprig/cooling.conf`` write them: ``30:30 70:70 85:100``.

The daemon's own parser (``deeprig_host.cooling.config``) applies the same rules on the host; a
test holds the two together. They are applied here too, before any connection, because the host
would only tell after the change.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

_POINT = re.compile(r"([0-9]{1,3}):([0-9]{1,3})")
HIGHEST_TEMPERATURE_C = 110
#: Above it, a fan that stands still lets the memory and the regulators of a card get hot.
STANDSTILL_LIMIT_C = 50
FULL_PERCENT = 100


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """From this temperature (degrees Celsius) on, at least this fan speed (percent)."""

    temperature_c: int
    percent: int

    def __str__(self) -> str:
        return f"{self.temperature_c}:{self.percent}"


Curve = tuple[CurvePoint, ...]


def parse_curve(text: str) -> Curve:
    """Return the points of a curve. Raise ValueError with the first thing that is wrong."""
    points = tuple(_point(word) for word in text.split())
    if not points:
        raise ValueError("a curve needs points, such as 30:30 50:40 70:70 85:100")
    for before, after in pairwise(points):
        _check_rise(before, after)
    _check_standstill(points)
    if points[-1].percent != FULL_PERCENT:
        raise ValueError(
            f"the last point is {points[-1]}; it must be {FULL_PERCENT} %, "
            f"such as {points[-1].temperature_c}:{FULL_PERCENT}"
        )
    return points


def percent_at(curve: Curve, temperature_c: float) -> float:
    """Return the fan speed at a temperature: straight lines between points, level outside."""
    if temperature_c <= curve[0].temperature_c:
        return float(curve[0].percent)
    for low, high in pairwise(curve):
        if temperature_c <= high.temperature_c:
            share = (temperature_c - low.temperature_c) / (high.temperature_c - low.temperature_c)
            return low.percent + share * (high.percent - low.percent)
    return float(curve[-1].percent)


def _point(word: str) -> CurvePoint:
    match = _POINT.fullmatch(word)
    if match is None:
        raise ValueError(f"{word!r} is no point of a curve (degrees C:percent, such as 70:65)")
    point = CurvePoint(int(match[1]), int(match[2]))
    if point.percent > FULL_PERCENT:
        raise ValueError(f"{point} is above {FULL_PERCENT} %")
    if point.temperature_c > HIGHEST_TEMPERATURE_C:
        raise ValueError(f"{point} is above {HIGHEST_TEMPERATURE_C} C, where every card has slowed")
    return point


def _check_rise(before: CurvePoint, after: CurvePoint) -> None:
    if after.temperature_c <= before.temperature_c:
        raise ValueError(f"temperatures must rise, and {after} comes after {before}")
    if after.percent < before.percent:
        raise ValueError(f"a hotter card needs no slower fan, and {after} comes after {before}")


def _check_standstill(points: Curve) -> None:
    """Refuse a fan that stands still where a card is warm, also on the way to the next point."""
    for point in points:
        if point.percent == 0 and point.temperature_c > STANDSTILL_LIMIT_C:
            raise ValueError(f"{point} stops the fan above {STANDSTILL_LIMIT_C} C")
