"""From a reading to a fan speed: pure, one GPU, one step. No clock, no card, no file.

A controller in virtual time is a loop over ``decide``::

    state = None
    decision = decide(reading, settings, FanRange(30, 100), state, seconds=2.0)
    state = decision.state
"""

from __future__ import annotations

from dataclasses import dataclass

from deeprig_host.cooling.curve import Curve
from deeprig_host.cooling.declared import GpuSettings
from deeprig_host.cooling.feedback import Feedback, begin_feedback, follow
from deeprig_host.cooling.margin import SLOWDOWN_MARGIN_C, SLOWDOWN_RELEASE_C, near_slowdown
from deeprig_host.cooling.reading import FanRange, Reading

#: A target is never held nearer to the slowdown than this.
_TARGET_MARGIN_C = SLOWDOWN_MARGIN_C + SLOWDOWN_RELEASE_C
#: The memory is held this much below its limit, so that it stays below while the load changes.
_MEMORY_MARGIN_C = 5
#: So far above the target the curve comes in as a floor, and so far it counts in full. Nearer, it
#: would fight with the feedback, whose answer is the smaller one.
_FLOOR_FROM_C, _FLOOR_FULL_C = 2.0, 5.0
#: Fans get louder at once and quieter slowly: nothing swings.
_DOWN_PERCENT_PER_SECOND = 1.0


@dataclass(frozen=True, slots=True)
class ControlState:
    """What the next step needs to know of this one.

    ``held_c`` and ``held_memory_c`` are the temperatures that the curve is read at.
    """

    percent: float
    held_c: float
    held_memory_c: float | None
    feedback: Feedback | None
    is_near_slowdown: bool


@dataclass(frozen=True, slots=True)
class Decision:
    """A fan speed, what asked for it, and the state for the next step."""

    percent: int
    reason: str
    state: ControlState


def decide(
    reading: Reading,
    settings: GpuSettings,
    fans: FanRange,
    before: ControlState | None,
    seconds: float,
) -> Decision:
    """Return the fan speed for a reading, ``seconds`` after the step before.

    ``settings`` have a curve. The highest demand of all sensors counts.
    """
    held_c = _held(reading.temperature_c, before.held_c if before else None, settings)
    held_memory_c = None
    if reading.memory_c is not None:
        held_memory_c = _held(reading.memory_c, before.held_memory_c if before else None, settings)
    percent, reason = _by_curve(settings, held_c, held_memory_c)
    feedback = None
    if settings.target_c is not None:
        error_c, reason = _error(reading, settings)
        least = max(float(fans.min_percent), _curve_of(settings).least_at(held_c))
        feedback = _feedback(before, error_c, seconds, percent, (least, float(fans.max_percent)))
        percent = feedback.percent
    if before is not None:
        percent = max(percent, before.percent - _DOWN_PERCENT_PER_SECOND * seconds)
    near = near_slowdown(reading, before is not None and before.is_near_slowdown)
    if near:
        percent, reason = 100.0, near
    percent = min(float(fans.max_percent), max(float(fans.min_percent), percent))
    state = ControlState(percent, held_c, held_memory_c, feedback, bool(near))
    return Decision(round(percent), reason, state)


def effective_target_c(settings: GpuSettings, slowdown_c: int | None) -> int | None:
    """Return the target that is held: the declared one, lower where the card slows down earlier."""
    if settings.target_c is None or slowdown_c is None:
        return settings.target_c
    return min(settings.target_c, slowdown_c - _TARGET_MARGIN_C)


def _held(now_c: float, held_c: float | None, settings: GpuSettings) -> float:
    """Return the temperature to read the curve at: up at once, down only past the hysteresis."""
    if held_c is None or now_c >= held_c or now_c <= held_c - settings.hysteresis_c:
        return now_c
    return held_c


def _by_curve(
    settings: GpuSettings, held_c: float, held_memory_c: float | None
) -> tuple[float, str]:
    curve = _curve_of(settings)
    percent, reason = curve.percent_at(held_c), f"curve at {held_c:g} C"
    if held_memory_c is None or settings.memory_limit_c is None:
        return percent, reason
    # The same curve, moved so that its last point is the memory's limit.
    moved_c = held_memory_c - settings.memory_limit_c + curve.points[-1][0]
    memory_percent = curve.percent_at(moved_c)
    if memory_percent > percent:
        return memory_percent, f"memory at {held_memory_c:g} C"
    return percent, reason


def _curve_of(settings: GpuSettings) -> Curve:
    if settings.curve is None:
        raise ValueError("a GPU that is only watched has no fan speed to decide")
    return settings.curve


def _error(reading: Reading, settings: GpuSettings) -> tuple[float, str]:
    """Return how far the sensor that is hottest for its goal is above it, and which it is."""
    target_c = effective_target_c(settings, reading.slowdown_c) or 0
    error_c = float(reading.temperature_c - target_c)
    if reading.memory_c is not None and settings.memory_limit_c is not None:
        memory_error_c = float(reading.memory_c - settings.memory_limit_c + _MEMORY_MARGIN_C)
        if memory_error_c > error_c:
            return memory_error_c, f"memory limit {settings.memory_limit_c} C"
    return error_c, f"target {target_c} C"


def _feedback(
    before: ControlState | None,
    error_c: float,
    seconds: float,
    by_curve: float,
    bounds: tuple[float, float],
) -> Feedback:
    """Return the feedback's next step; far above the target it is not less than the curve."""
    if before is None or before.feedback is None:
        return begin_feedback(before.percent if before else by_curve, error_c)
    after = follow(before.feedback, error_c, seconds, *bounds)
    floor = by_curve * _share(error_c, _FLOOR_FROM_C, _FLOOR_FULL_C)
    # It goes on from what the fan does: it need not climb up to the floor before it counts.
    return Feedback(max(after.percent, floor), after.error_c)


def _share(value: float, low: float, high: float) -> float:
    """Return 0 below ``low``, 1 above ``high``, and the way between."""
    return min(1.0, max(0.0, (value - low) / (high - low)))
