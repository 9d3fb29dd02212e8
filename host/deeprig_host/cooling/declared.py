"""What is declared about cooling, as frozen data with its defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from deeprig_host.cooling.curve import Curve

Mode = Literal["manual", "monitor"]

INTERVAL_SECONDS = 2.0
HISTORY_SECONDS = 10.0
HYSTERESIS_C = 4


@dataclass(frozen=True, slots=True)
class GpuSettings:
    """How one GPU is cooled.

    ``target_c``: hold the GPU's sensor there by feedback. ``memory_limit_c``: the memory's sensor,
    where the card has one, is kept below. ``power_limit_watts``: None leaves the limit alone.
    """

    curve: Curve | None
    target_c: int | None = None
    hysteresis_c: int = HYSTERESIS_C
    memory_limit_c: int | None = None
    mode: Mode = "manual"
    power_limit_watts: int | None = None


@dataclass(frozen=True, slots=True)
class Configuration:
    """The whole of ``cooling.conf``; ``gpus`` by the name that a section gives a GPU."""

    defaults: GpuSettings
    gpus: Mapping[str, GpuSettings] = field(default_factory=lambda: MappingProxyType({}))
    interval_seconds: float = INTERVAL_SECONDS
    history_seconds: float = HISTORY_SECONDS
    budget_watts: int | None = None

    @property
    def sets_power(self) -> bool:
        """Say whether any power limit is declared, or a budget: then every limit is ours."""
        limits = (card.power_limit_watts for card in (self.defaults, *self.gpus.values()))
        return self.budget_watts is not None or any(watts is not None for watts in limits)

    def settings_of(self, uuid: str, address: str, index: int) -> GpuSettings:
        """Return a GPU's settings: by UUID first, then by PCI address, then by index."""
        for name in (uuid.lower(), address.lower(), str(index)):
            if name in self.gpus:
                return self.gpus[name]
        return self.defaults
