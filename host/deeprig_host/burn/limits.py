"""What a burn may show. Each number has its source; none is a matter of taste.

Sources: shared facts of this project on acceptance (imbue-ai/cluster-health: results compared, burn
sampled at 1 Hz, the last minute against the first; gpu-fryer#10: 0 GFLOPS reported healthy), nvml.h
for the reasons.
"""

from __future__ import annotations

from dataclasses import dataclass

#: Bits of nvmlClocksEventReasons that mean trouble with heat or power in hardware. Idle and the
#: power cap are how a card is meant to work.
BAD_REASONS = ("hardware_slowdown", "hardware_thermal", "hardware_power_brake")


@dataclass(frozen=True, slots=True)
class Limits:
    """``last_to_first``: of the throughput. ``load_percent``: the median, by NVML.

    ``slowed_share``: of the samples in which software may hold the clocks down because of heat, for
    a moment. It is this project's own number: a card that does so for long is not cooled.

    Boost clocks fall while a cold card warms up: the first ``warm_seconds`` count for nothing. What
    is compared are ``window_seconds``, or a third of a shorter burn.
    """

    last_to_first: float = 0.9
    warm_seconds: int = 5
    window_seconds: int = 60
    least_window_seconds: int = 5
    load_percent: int = 90
    slowed_share: float = 0.1
    #: A worker prints each second; a product of 8192 rows takes less than one on any GPU.
    silent_seconds: float = 30.0
    #: An import from a cold network disk, and the first context of CUDA, take minutes.
    ready_seconds: float = 300.0

    @property
    def least_seconds(self) -> int:
        """Return how long a burn must last to say anything of its throughput."""
        return self.warm_seconds + 3 * self.least_window_seconds
