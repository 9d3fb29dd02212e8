"""What a key of ``cooling.conf`` may hold: parsers that raise BadValue with reason and remedy."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from deeprig_host.cooling.curve import Curve, curve_faults

_NUMBER = re.compile(r"^\d+(\.\d+)?$")
_EXAMPLE = "such as 30:30 50:40 70:70 85:100"


class BadValue(Exception):
    """A value that is refused, each fault as (reason, remedy)."""

    def __init__(self, *faults: tuple[str, str]) -> None:
        """Keep every fault: one run tells all of them."""
        super().__init__(faults)
        self.faults = faults


Parse = Callable[[str], Any]


def number(low: float, high: float, unit: str) -> Parse:
    """Return a parser of a number within limits."""

    def parse(text: str) -> float:
        remedy = f"give a number of {low:g} to {high:g} {unit}"
        if not _NUMBER.match(text):
            raise BadValue((f"{text!r} is not a number", remedy))
        value = float(text)
        if not low <= value <= high:
            raise BadValue((f"{text} is not within {low:g} to {high:g} {unit}", remedy))
        return value

    return parse


def whole(low: int, high: int, unit: str) -> Parse:
    """Return a parser of a whole number within limits."""
    within = number(low, high, unit)

    def parse(text: str) -> int:
        value = within(text)
        if value != int(value):
            raise BadValue((f"{text} is not a whole number", f"give a whole number of {unit}"))
        return int(value)

    return parse


def one_of(*words: str) -> Parse:
    """Return a parser of one of some words."""

    def parse(text: str) -> str:
        if text not in words:
            raise BadValue((f"{text!r} is not known", f"give one of: {', '.join(words)}"))
        return text

    return parse


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
