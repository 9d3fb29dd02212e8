"""What a key of ``cooling.conf`` may hold."""

from __future__ import annotations

import re

from deeprig_host.cooling.curve import Curve, curve_faults
from deeprig_host.machine.values import BadValue, Parse, number, one_of, whole

_EXAMPLE = "such as 30:30 50:40 70:70 85:100"


def curve(text: str) -> Curve:
    """Return the curve of a text of ``DEGREES:PERCENT`` points. Raise BadValue with every fault."""
    words = text.replace(",", " ").split()
    if not words:
        raise BadValue(("the curve has no point", f"give points of degrees C:percent, {_EXAMPLE}"))
    found = Curve(tuple(_point(word) for word in words))
    faults = curve_faults(found)
    if faults:
        raise BadValue(*faults)
    return found


def _point(word: str) -> tuple[int, int]:
    celsius, colon, percent = word.partition(":")
    if colon and re.fullmatch(r"-?\d{1,4}", celsius) and re.fullmatch(r"-?\d{1,4}", percent):
        return int(celsius), int(percent)
    raise BadValue(
        (
            f"{word!r} is not a point of two whole numbers",
            f"write points as degrees C:percent, {_EXAMPLE}",
        )
    )


#: The keys of each section, as GpuSettings and Configuration name them.
COOLING_KEYS: dict[str, Parse] = {
    # Longer than 10 s, and the feedback would act on what was; shorter than 1 s costs the CPU.
    "interval_seconds": number(1, 10, "seconds"),
    "history_seconds": number(1, 3600, "seconds"),
}
POWER_KEYS: dict[str, Parse] = {"budget_watts": whole(50, 50_000, "watts")}
GPU_KEYS: dict[str, Parse] = {
    "curve": curve,
    "target_c": whole(40, 90, "degrees C"),
    "hysteresis_c": whole(0, 20, "degrees C"),
    "memory_limit_c": whole(60, 110, "degrees C"),
    "mode": one_of("manual", "monitor"),
    "power_limit_watts": whole(30, 2_000, "watts"),
}
