"""What workers told, as frozen data; a line that is none of theirs is their fault, and kept."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any


class BadLine(Exception):
    """A line of a worker that is no event of its kind."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A device at work: what it multiplies, and how its first product compares.

    ``difference`` is the largest from the product in double precision, ``bound`` what its type may
    differ. ``compared_each``: of so many products one is compared.
    """

    device: str
    type: str
    size: int
    sha256: str
    difference: float
    bound: float
    compared_each: int
    torch: str


@dataclass(frozen=True, slots=True)
class Second:
    """A second of products. ``wrong`` of the ``compared`` differ from the first one.

    ``is_plain``: nothing was compared in it, to know what comparing costs.
    """

    tflops: float
    cpu_seconds: float
    products: int
    compared: int
    wrong: int
    largest_difference: float
    is_plain: bool


@dataclass(frozen=True, slots=True)
class Pass:
    """A pattern written to memory and read back."""

    mebibytes: int
    wrong: int


@dataclass(frozen=True, slots=True)
class Failed:
    """A worker that cannot begin."""

    reason: str


@dataclass(frozen=True, slots=True)
class End:
    """A worker that worked through its time."""


@dataclass(frozen=True, slots=True)
class MemoryReady:
    """The memory is there."""

    mebibytes: int


Told = Ready | Second | Pass | Failed | End | MemoryReady


def parse(line: str) -> Told:
    """Return what a line tells. Raise BadLine."""
    try:
        told: dict[str, Any] = json.loads(line)
        event = told.pop("event")
        if event == "ready":
            return _ready(told)
        if event == "second":
            return _second(told)
        if event == "pass":
            return Pass(int(told["mebibytes"]), int(told["wrong"]))
        if event == "failed":
            return Failed(str(told["reason"]))
        if event == "end":
            return End()
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadLine(f"{line[:200]!r}: {error!r}") from error
    raise BadLine(f"{line[:200]!r}: there is no such event")


def _ready(told: dict[str, Any]) -> Ready | MemoryReady:
    if "mebibytes" in told:
        return MemoryReady(int(told["mebibytes"]))
    return Ready(
        str(told["device"]),
        str(told["type"]),
        int(told["size"]),
        str(told["sha256"]),
        _number(told["difference"]),
        _number(told["bound"]),
        int(told["compared_each"]),
        str(told["torch"]),
    )


def _second(told: dict[str, Any]) -> Second:
    return Second(
        _number(told["tflops"]),
        _number(told["cpu_seconds"]),
        int(told["products"]),
        int(told["compared"]),
        int(told["wrong"]),
        _number(told["largest_difference"]),
        bool(told["is_plain"]),
    )


def _number(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{value!r} is no number")
    return number
