"""The curves of cases as lines over epochs or time: which belong together, and what they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from statistics import mean

from deeprig.certificate.training import BURN, Case

_SECONDS = "seconds"
_WARM, _MINUTE = 5.0, 60.0
#: How the line is called whose name is its quantity's.
_ALONE = {"loss": "training", "accuracy": "training"}
#: Numbers in their order; None where there was none.
Values = tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Quantity:
    """What is drawn. ``keeps_lows``: of too many points the lowest matter (a rate that sags)."""

    title: str
    unit: str
    keeps_lows: bool = False
    starts_at_zero: bool = False


#: By the last part of a curve's name; what is not here is told by its name, without a unit.
_QUANTITIES = {
    "loss": Quantity("Loss", "", starts_at_zero=True),
    "accuracy": Quantity("Accuracy", "", keeps_lows=True),
    "temperature_c": Quantity("Temperature", "\N{DEGREE SIGN}C"),
    "memory_c": Quantity("Memory temperature", "\N{DEGREE SIGN}C"),
    "throughput_tflops": Quantity("Throughput", "TFLOP/s", keeps_lows=True, starts_at_zero=True),
    "throughput_gflops": Quantity("Throughput", "GFLOP/s", keeps_lows=True, starts_at_zero=True),
    "clock_mhz": Quantity("Clock", "MHz", keeps_lows=True),
    "power_w": Quantity("Power", "W", starts_at_zero=True),
    "load_percent": Quantity("Load", "%", keeps_lows=True, starts_at_zero=True),
}


@dataclass(frozen=True, slots=True)
class Series:
    """One line: its name, and (x, y) with y None where there is no number."""

    name: str
    points: tuple[tuple[float, float | None], ...]

    @property
    def values(self) -> tuple[float, ...]:
        """Return the numbers that there are."""
        return tuple(y for _, y in self.points if y is not None)

    def start_and_end(self) -> tuple[float, float] | None:
        """Return the means of the start and of the end, x being seconds; None of too little.

        As the burn compares them (host/deeprig_host/burn/verdict.py): the first seconds warm up,
        then a minute counts, or a third of a shorter run.
        """
        points = [(x, y) for x, y in self.points if y is not None]
        if not points:
            return None
        first, last = points[0][0] + _WARM, points[-1][0]
        length = min(_MINUTE, (last - first) / 3)
        at_start = [y for x, y in points if 0 <= x - first <= length]
        at_end = [y for x, y in points if last - x <= length]
        return (mean(at_start), mean(at_end)) if at_start and at_end else None


@dataclass(frozen=True, slots=True)
class Group:
    """Lines of one quantity; ``is_over_time``: x is seconds, else it counts from 0."""

    quantity: Quantity
    series: tuple[Series, ...]
    is_over_time: bool


def groups_of(case: Case) -> tuple[Group, ...]:
    """Return what a case's curves show, in their order. A curve of a single point shows nothing."""
    clocks = {_device(c.name): c.values for c in case.curves if _quantity_name(c.name) == _SECONDS}
    is_over_time = bool(clocks) or case.group == BURN
    found: dict[str, list[Series]] = {}
    for curve in case.curves:
        name = _quantity_name(curve.name)
        if name == _SECONDS:
            continue
        clock = clocks.get(_device(curve.name)) or clocks.get("")
        if clock is None and is_over_time:
            clock = (0.0, case.seconds)
        points = tuple(_points(curve.values, clock))
        series = Series(_line_name(curve.name), points)
        if len(series.values) > 1:
            found.setdefault(name, []).append(series)
    return tuple(
        Group(_quantity(name), tuple(series), is_over_time) for name, series in found.items()
    )


def _points(values: Values, clock: Values | None) -> Iterator[tuple[float, float | None]]:
    """Yield a curve over its clock, or evenly from the clock's start to its end, or counted from 0.

    A worker and a sensor both tell something every second, and not equally often. A clock that does
    not rise is none.
    """
    if clock is not None and len(clock) == len(values) and _rises(clock):
        yield from ((x, y) for x, y in zip(clock, values, strict=True) if x is not None)
        return
    known = [x for x in clock or () if x is not None]
    span = max(known) - min(known) if known else 0.0
    step = span / max(1, len(values) - 1) or 1.0
    start = min(known, default=0.0)
    yield from ((start + n * step, y) for n, y in enumerate(values))


def _rises(clock: Values) -> bool:
    known = [x for x in clock if x is not None]
    return all(before < after for before, after in pairwise(known))


def _device(name: str) -> str:
    """Return the device of ``GPU 0 power_w``: nothing for ``validation_loss``."""
    return name.rpartition(" ")[0]


def _quantity_name(name: str) -> str:
    """Return the quantity of ``GPU 0 power_w`` (power_w) and of ``validation_loss`` (loss)."""
    last = name.rpartition(" ")[2]
    for known in _QUANTITIES:
        if last == known or last.endswith(f"_{known}"):
            return known
    return last


def _quantity(name: str) -> Quantity:
    return _QUANTITIES.get(name) or Quantity(_words(name).capitalize(), "")


def _line_name(name: str) -> str:
    """Return ``GPU 0`` for ``GPU 0 power_w`` and ``validation`` for ``validation_loss``."""
    last = name.rpartition(" ")[2]
    about = _device(name) or last.removesuffix(_quantity_name(name)).rstrip("_")
    return _words(about) if about else _ALONE.get(last, _words(last))


def _words(name: str) -> str:
    return name.replace("_", " ")
