"""Hold a temperature by feedback: a PI controller in its incremental form, gains by airflow.

The card between fan and sensor: the fan follows within about 3 s, the heat sink within 40 to 120 s,
and a percent of airflow does the more the less air there is (the thermal resistance of forced
convection falls with about the 0.7th power of the flow), so the gains grow with the speed. With the
numbers below the loop keeps a phase margin of 50 degrees or more for these cards and for intervals
of 1 to 10 s (`tests/unit/host/cooling/test_closed_loop.py` runs the corners).

The incremental form needs no separate anti-windup: what is clamped was never summed up. It also
begins to blow before the target is reached when the temperature climbs from far below.
"""

from __future__ import annotations

from dataclasses import dataclass

#: Percent of fan per degree, at a fan of 60 %.
_GAIN_PERCENT_PER_C = 2.0
_GAIN_AT_PERCENT = 60.0
#: A fan at its minimum still has to answer.
_LEAST_SCALE = 0.4
#: A lasting error of a degree moves the fan by the gain in this time.
_INTEGRAL_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Feedback:
    """What the controller remembers: its own output and the error that it last saw (degrees)."""

    percent: float
    error_c: float


def begin_feedback(percent: float, error_c: float) -> Feedback:
    """Return the state that goes on from a fan speed without a jump."""
    return Feedback(percent, error_c)


def follow(
    before: Feedback, error_c: float, seconds: float, low_percent: float, high_percent: float
) -> Feedback:
    """Return the next output for an error (degrees above the target) after so many seconds."""
    scale = max(_LEAST_SCALE, before.percent / _GAIN_AT_PERCENT)
    gain = _GAIN_PERCENT_PER_C * scale
    change = gain * (error_c - before.error_c) + gain * error_c * seconds / _INTEGRAL_SECONDS
    percent = min(high_percent, max(low_percent, before.percent + change))
    return Feedback(percent, error_c)
