"""What an hour's trace comes to, in the numbers that controllers are compared by."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean

from tests.sim.thermal.hour import HOUR_SECONDS, PROFILE, Sample, Trace

TOLERANCE_C = 2.0
#: So long after the hottest card first came so near to the target, since the last step of the load,
#: a controller has settled, or it has not: until then it is the card that warms up.
SETTLED_AFTER_SECONDS = 300
#: The same for who never comes so near, from the step.
_NEVER_NEAR_SECONDS = 480
#: Below it the fan at its least cools below the target: there is nothing to hold.
_LOADED_PERCENT = 70


@dataclass(frozen=True, slots=True)
class Measures:
    """``settled_error_c``: how far the hottest card was from the target at most, once settled.

    ``work_share``: done of what the load asked for; the rest was lost to lower clocks.
    """

    hottest_c: float
    above_seconds: int
    settled_error_c: float
    slowed_seconds: float
    hardware_slowed_seconds: float
    work_share: float
    mean_fan_percent: float
    fan_travel_percent: float


def measure(trace: Trace) -> Measures:
    """Return the measures of an hour."""
    target_c = trace.scenario.target_c
    return Measures(
        hottest_c=max(sample.hottest_c for sample in trace.samples),
        above_seconds=sum(sample.hottest_c > target_c + TOLERANCE_C for sample in trace.samples),
        settled_error_c=max(abs(sample.hottest_c - target_c) for sample in settled(trace)),
        slowed_seconds=max(gpu["software_slowed_seconds"] for gpu in trace.gpus),
        hardware_slowed_seconds=max(gpu["hardware_slowed_seconds"] for gpu in trace.gpus),
        work_share=sum(gpu["work"] for gpu in trace.gpus)
        / sum(gpu["work_wanted"] for gpu in trace.gpus),
        mean_fan_percent=fmean(fmean(sample.fan_percent) for sample in trace.samples),
        fan_travel_percent=_travel(trace.samples),
    )


def settled(trace: Trace) -> tuple[Sample, ...]:
    """Return the samples under load in which a controller has settled."""
    found: list[Sample] = []
    ends = [begin for begin, _ in PROFILE[1:]] + [HOUR_SECONDS]
    for (begin, load), end in zip(PROFILE, ends, strict=True):
        if load >= _LOADED_PERCENT:
            found += trace.samples[_settled_from(trace, begin, end) : end]
    return tuple(found)


def _settled_from(trace: Trace, begin: int, end: int) -> int:
    """Return the second at which a stretch of equal load counts as settled; its end if it never."""
    for sample in trace.samples[begin:end]:
        if abs(sample.hottest_c - trace.scenario.target_c) <= TOLERANCE_C:
            return min(end, sample.seconds + SETTLED_AFTER_SECONDS)
    return min(end, begin + _NEVER_NEAR_SECONDS)


def _travel(samples: tuple[Sample, ...]) -> float:
    """Return by how many percent the first card's fan went up and down: changes are heard."""
    speeds = [sample.fan_percent[0] for sample in samples]
    return sum(abs(after - before) for before, after in pairwise(speeds))
