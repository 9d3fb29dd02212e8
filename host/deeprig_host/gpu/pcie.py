"""How a GPU is connected: generation and lanes of its PCIe link, and packets sent again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pynvml

from deeprig_host.gpu.answers import Unanswered, ask


@dataclass(frozen=True, slots=True)
class PcieLink:
    """The link now, and at most what card and slot can do together.

    The generation falls while the card idles, by design: judge it under load, lanes at any time.
    """

    generation: int | Unanswered
    generation_max: int | Unanswered
    lanes: int | Unanswered
    lanes_max: int | Unanswered
    replays: int | Unanswered


def pcie_link(handle: Any) -> PcieLink:
    """Return how a card is connected."""
    return PcieLink(
        generation=ask(pynvml.nvmlDeviceGetCurrPcieLinkGeneration, handle),
        generation_max=ask(pynvml.nvmlDeviceGetMaxPcieLinkGeneration, handle),
        lanes=ask(pynvml.nvmlDeviceGetCurrPcieLinkWidth, handle),
        lanes_max=ask(pynvml.nvmlDeviceGetMaxPcieLinkWidth, handle),
        replays=ask(pynvml.nvmlDeviceGetPcieReplayCounter, handle),
    )
