"""Hold a temperature by feedback: a PI controller in its incremental form, gains by airflow.

The card between fan and sensor: the fan follows within about 3 s, the heat sink within 40 to 120 s,
and a percent of airflow does the more the less air there is (the thermal resistance of forced
convection falls with about the 0.7th power of the flow), so the gains grow with the speed. At 60 %
a percent is about 0.35 C; with the numbers below the loop then keeps a phase margin of about 60
degrees at an interval of 10 s, the worst. tests/unit/host/cooling/test_closed_loop.py runs the
corners.

The incremental form needs no separate anti-windup: what is clamped was never summed up. It also
begins to blow before the target is reached when the temperature climbs from far below.
"""

from __future__ import annotations

from dataclasses import dataclass

#: Percent of fan per degree, at a fan of 60 %.
_GAIN_PERCENT_PER_C = 4.0
_GAIN_AT_PERCENT = 60.0
#: A fan at its minimum still has to answer.
_LEAST_SCALE = 0.4
#: A lasting error of a degree moves the fan by the gain in this time.
_INTEGRAL_SECONDS = 50.0


#: A sensor of whole degrees says 70 for anything this near to 70.
_ROUNDING_C = 0.5


@dataclass(frozen=True, slots=True)
class Feedback:
    """What the controller remembers: its own output, and the error that it acted on (degrees)."""

    percent: float
    error_c: float


def begin_feedback(percent: float, error_c: float) -> Feedback:
    """Return the state that goes on from a fan speed without a jump."""
    return Feedback(percent, error_c)


def follow(
    before: Feedback, error_c: float, seconds: float, low_percent: float, high_percent: float
) -> Feedback:
    """Return the next output for an error (whole degrees above the target) after so many seconds.

    The proportional part acts on what the error must have changed at least, so that a sensor which
    flips between two degrees does not move the fan; the lasting error is counted as it is told.
    """
    acted_on_c = min(error_c + _ROUNDING_C, max(error_c - _ROUNDING_C, before.error_c))
    gain = _GAIN_PERCENT_PER_C * max(_LEAST_SCALE, before.percent / _GAIN_AT_PERCENT)
    change = gain * (acted_on_c - before.error_c) + gain * error_c * seconds / _INTEGRAL_SECONDS
    percent = min(high_percent, max(low_percent, before.percent + change))
    return Feedback(percent, acted_on_c)
