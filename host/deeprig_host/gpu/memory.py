"""The memory of a GPU: how much there is and how much of it is in use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pynvml

from deeprig_host.gpu.answers import Unanswered, ask


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes of a card's memory; ``used`` includes what the driver keeps for itself."""

    used_bytes: int
    total_bytes: int


def memory(handle: Any) -> Memory | Unanswered:
    """Return the memory as nvidia-smi counts it; cards that share the host's have none."""
    told = ask(pynvml.nvmlDeviceGetMemoryInfo, handle)
    if isinstance(told, Unanswered):
        return told
    return Memory(int(told.used), int(told.total))
