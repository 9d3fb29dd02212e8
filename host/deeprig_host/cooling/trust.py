"""Whether a GPU's readings can be trusted, and what becomes of its fans while they cannot. Pure.

The way is ``controlled`` -> ``full`` (100 %) -> ``released`` (the card's own control) ->
``controlled`` again, after readings were good for a while.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from deeprig_host.cooling.reading import Reading
from deeprig_host.gpu.thermal import COLDEST_C, HOTTEST_C

Phase = Literal["controlled", "full", "released"]

#: So long fans blow at 100 % before the card's own control, which may have its own good sensor.
FULL_SECONDS = 10.0
#: So long readings have to be good before they are believed again.
RECOVERY_SECONDS = 30.0
#: A die jumps by its power times its resistance to the heat sink (600 W x 0.05 C/W) when a load
#: begins or ends, and drifts with the heat sink from then on.
_JUMP_C, _DRIFT_C_PER_SECOND = 35.0, 5.0


@dataclass(frozen=True, slots=True)
class Fault:
    """Why there is no reading to believe. ``is_lost``: the card or its driver is gone."""

    reason: str
    is_lost: bool = False


@dataclass(frozen=True, slots=True)
class Trust:
    """What is remembered of a GPU's readings.

    ``last_c`` is the last temperature that was believed, ``last_seconds`` its age. ``reason`` is
    why the readings were last not believed.
    """

    phase: Phase = "controlled"
    phase_seconds: float = 0.0
    good_seconds: float = 0.0
    last_c: int | None = None
    last_seconds: float = 0.0
    reason: str = ""


def judge(before: Trust, observed: Reading | Fault, seconds: float) -> Trust:
    """Return the trust after an observation, made ``seconds`` after the one before."""
    since_seconds = before.last_seconds + seconds
    fault = _fault(before, observed, since_seconds)
    if isinstance(observed, Reading) and not fault:
        aged = replace(before, last_c=observed.temperature_c, last_seconds=0.0)
    else:
        aged = replace(before, last_seconds=since_seconds)
    return _bad(aged, fault, seconds) if fault else _good(aged, seconds)


def _fault(before: Trust, observed: Reading | Fault, since_seconds: float) -> str:
    """Return why an observation is not believed, nothing where it is."""
    if isinstance(observed, Fault):
        return observed.reason
    for what, celsius in (("GPU", observed.temperature_c), ("memory", observed.memory_c)):
        if celsius is not None and not COLDEST_C <= celsius <= HOTTEST_C:
            return f"the {what}'s sensor says {celsius} C"
    if before.last_c is None:
        return ""
    allowed_c = _JUMP_C + _DRIFT_C_PER_SECOND * since_seconds
    if abs(observed.temperature_c - before.last_c) > allowed_c:
        return f"{before.last_c} C became {observed.temperature_c} C within {since_seconds:.0f} s"
    return ""


def _bad(before: Trust, fault: str, seconds: float) -> Trust:
    if before.phase == "controlled":
        return replace(before, phase="full", phase_seconds=0.0, good_seconds=0.0, reason=fault)
    return replace(_aged(before, seconds), good_seconds=0.0, reason=fault)


def _good(before: Trust, seconds: float) -> Trust:
    if before.phase == "controlled":
        return before
    good_seconds = before.good_seconds + seconds
    if good_seconds >= RECOVERY_SECONDS:
        return replace(before, phase="controlled", phase_seconds=0.0, good_seconds=0.0, reason="")
    return replace(_aged(before, seconds), good_seconds=good_seconds)


def _aged(before: Trust, seconds: float) -> Trust:
    """Let the time of a phase pass: full speed ends in the card's own control."""
    phase_seconds = before.phase_seconds + seconds
    if before.phase == "full" and phase_seconds >= FULL_SECONDS:
        return replace(before, phase="released", phase_seconds=0.0)
    return replace(before, phase_seconds=phase_seconds)
