"""A fan curve: which fan speed a temperature asks for, and which curves are refused."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

#: Above it a fan may not stand still: a card at work without air heats by degrees per second.
ZERO_PERCENT_LIMIT_C = 50
_HOTTEST_POINT_C = 110


@dataclass(frozen=True, slots=True)
class Curve:
    """Points of (degrees C, percent), rising; straight lines between them."""

    points: tuple[tuple[int, int], ...]

    def percent_at(self, temperature_c: float) -> float:
        """Return the fan speed for a temperature; below the first point, that point's."""
        first_c, first_percent = self.points[0]
        if temperature_c <= first_c:
            return float(first_percent)
        for (low_c, low), (high_c, high) in pairwise(self.points):
            if temperature_c <= high_c:
                return low + (high - low) * (temperature_c - low_c) / (high_c - low_c)
        return float(self.points[-1][1])

    def least_at(self, temperature_c: float) -> float:
        """Return the speed below which no fan goes: the first point's, or the first that turns.

        Under a target too: a fan that stands still answers late, and air must move over a warm
        card.
        """
        percents = [percent for _, percent in self.points]
        if temperature_c > ZERO_PERCENT_LIMIT_C:
            return float(next((percent for percent in percents if percent > 0), percents[-1]))
        return float(percents[0])

    def __str__(self) -> str:
        return " ".join(f"{celsius}:{percent}" for celsius, percent in self.points)


def curve_faults(curve: Curve) -> tuple[tuple[str, str], ...]:
    """Return what is wrong with a curve, each as (reason, remedy); nothing where it is good."""
    faults = [fault for point in curve.points for fault in _point_faults(*point)]
    faults += [fault for two in pairwise(curve.points) for fault in _order_faults(*two)]
    celsius, percent = curve.points[-1]
    if percent < 100:
        faults.append(
            (
                f"the curve ends with {percent} % at {celsius} C, not with 100 %",
                "end the curve with 100 %, such as 85:100",
            )
        )
    return tuple(faults)


def _point_faults(celsius: int, percent: int) -> list[tuple[str, str]]:
    faults = []
    if not 0 <= celsius <= _HOTTEST_POINT_C:
        faults.append(
            (f"{celsius} C is not a temperature of 0 to {_HOTTEST_POINT_C} C", "correct the point")
        )
    if not 0 <= percent <= 100:
        faults.append((f"{percent} % at {celsius} C is not 0 to 100 %", "correct the percentage"))
    if percent == 0 and celsius > ZERO_PERCENT_LIMIT_C:
        faults.append(
            (
                f"0 % at {celsius} C would stop the fan of a hot card",
                f"0 % is allowed up to {ZERO_PERCENT_LIMIT_C} C only; give a percentage of 20 or"
                " more there",
            )
        )
    return faults


def _order_faults(before: tuple[int, int], after: tuple[int, int]) -> list[tuple[str, str]]:
    faults = []
    if after[0] == before[0]:
        faults.append((f"{after[0]} C stands twice in the curve", "keep one point of the two"))
    elif after[0] < before[0]:
        faults.append(
            (
                f"the temperatures fall, from {before[0]} C to {after[0]} C",
                "write the points from cold to hot",
            )
        )
    if after[1] < before[1]:
        faults.append(
            (
                f"the curve falls, from {before[1]} % at {before[0]} C to {after[1]} % at"
                f" {after[0]} C",
                "a hotter card never gets less air: raise the later percentage",
            )
        )
    return faults
