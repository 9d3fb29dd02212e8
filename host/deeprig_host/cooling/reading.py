"""What a card tells, as numbers: its temperatures, its own limits, the range of its fans."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reading:
    """The temperatures of a GPU and of its memory, and the card's own limits; None: not told.

    ``is_heat_slowed``: the card says that it lowers its clocks because of heat, whatever its
    sensors say.
    """

    temperature_c: int
    memory_c: int | None = None
    slowdown_c: int | None = None
    memory_max_c: int | None = None
    is_heat_slowed: bool = False


@dataclass(frozen=True, slots=True)
class FanRange:
    """What a card accepts for its fans (nvmlDeviceGetMinMaxFanSpeed)."""

    min_percent: int = 0
    max_percent: int = 100
