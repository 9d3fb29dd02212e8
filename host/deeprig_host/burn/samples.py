"""What a GPU says of itself once a second, and its counters before and after: NVML only."""

from __future__ import annotations

from dataclasses import dataclass

from deeprig_host.gpu.answers import Unanswered, known
from deeprig_host.gpu.clocks import Load, clock_events, clocks, held_nanoseconds, load
from deeprig_host.gpu.errors import RemappedRows, ecc_counts, is_retirement_pending, remapped_rows
from deeprig_host.gpu.library import Gpu
from deeprig_host.gpu.power import power_watts
from deeprig_host.gpu.thermal import COLDEST_C, HOTTEST_C, memory_c, temperature_c


@dataclass(frozen=True, slots=True)
class Sample:
    """A GPU at a moment; None is not known. ``reasons`` hold its clocks down, None: not told.

    ``is_lost``: the card, or the driver below it, is gone.
    """

    second: float
    temperature_c: int | None = None
    memory_c: int | None = None
    clock_mhz: int | None = None
    max_clock_mhz: int | None = None
    power_w: float | None = None
    load_percent: int | None = None
    reasons: tuple[str, ...] | None = None
    is_lost: bool = False


@dataclass(frozen=True, slots=True)
class Counters:
    """What a card counts, None for what it does not tell; ``held_ns`` has only what it tells."""

    uncorrected: int | None
    corrected: int | None
    remapped: RemappedRows | None
    is_retirement_pending: bool | None
    held_ns: tuple[tuple[str, int], ...] = ()


def sample(gpu: Gpu, second: float) -> Sample:
    """Return a GPU as it is now."""
    handle = gpu.handle
    degrees = temperature_c(handle)
    if isinstance(degrees, Unanswered) and degrees.is_lost:
        return Sample(second, is_lost=True)
    events = clock_events(handle)
    busy = load(handle)
    clock = clocks(handle).sm
    return Sample(
        second,
        _plausible(known(degrees)),
        _plausible(known(memory_c(handle))),
        known(clock.now_megahertz),
        known(clock.max_megahertz),
        known(power_watts(handle)),
        busy.gpu_percent if isinstance(busy, Load) else None,
        None
        if isinstance(events, Unanswered)
        else tuple(name for name, is_on in events.items() if is_on),
    )


def counters(gpu: Gpu) -> Counters:
    """Return what a card has counted so far."""
    volatile = {
        one.kind: known(one.errors) for one in ecc_counts(gpu.handle) if one.period == "volatile"
    }
    held = ((name, known(told)) for name, told in held_nanoseconds(gpu.handle))
    return Counters(
        volatile.get("uncorrected"),
        volatile.get("corrected"),
        known(remapped_rows(gpu.handle)),
        known(is_retirement_pending(gpu.handle)),
        tuple((name, told) for name, told in held if told is not None),
    )


def _plausible(celsius: int | None) -> int | None:
    return celsius if celsius is not None and COLDEST_C <= celsius <= HOTTEST_C else None
