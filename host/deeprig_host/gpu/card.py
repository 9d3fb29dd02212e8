"""What a GPU is apart from its name: firmware, persistence, energy that it has used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pynvml

from deeprig_host.gpu.answers import Unanswered, ask


@dataclass(frozen=True, slots=True)
class Card:
    """``energy_millijoules`` counts since the driver was loaded (Volta and later)."""

    vbios: str | Unanswered
    is_persistent: bool | Unanswered
    energy_millijoules: int | Unanswered


def card(handle: Any) -> Card:
    """Return what a card tells about itself."""
    persistent = ask(pynvml.nvmlDeviceGetPersistenceMode, handle)
    return Card(
        vbios=ask(pynvml.nvmlDeviceGetVbiosVersion, handle),
        is_persistent=persistent if isinstance(persistent, Unanswered) else bool(persistent),
        energy_millijoules=ask(pynvml.nvmlDeviceGetTotalEnergyConsumption, handle),
    )
