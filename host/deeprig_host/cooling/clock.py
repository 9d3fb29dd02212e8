"""The clocks: the one that control goes by never jumps, the one of the day is only told."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Three clocks in seconds (clock_gettime(2))."""

    def monotonic(self) -> float:
        """Return the time that nobody sets; it stands still while the machine is suspended."""

    def boottime(self) -> float:
        """Return the same with the time of suspends."""

    def unix(self) -> float:
        """Return the time of the day, which jumps when it is set."""


class SystemClock:
    """The machine's clocks."""

    def monotonic(self) -> float:
        """Return CLOCK_MONOTONIC."""
        return time.clock_gettime(time.CLOCK_MONOTONIC)

    def boottime(self) -> float:
        """Return CLOCK_BOOTTIME."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)

    def unix(self) -> float:
        """Return CLOCK_REALTIME."""
        return time.time()
