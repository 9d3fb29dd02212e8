"""What a GPU works with: clocks, load, memory, link, firmware, energy."""

from __future__ import annotations

from typing import Any

from deeprig_host.gpu.answers import known
from deeprig_host.gpu.card import card
from deeprig_host.gpu.clocks import clock_events, clocks, held_nanoseconds, load
from deeprig_host.gpu.library import Gpu
from deeprig_host.gpu.memory import memory
from deeprig_host.gpu.pcie import pcie_link
from deeprig_host.metrics import names
from deeprig_host.metrics.card_answers import CardAnswers

_HERTZ_OF_MEGAHERTZ, _OF_PERCENT, _OF_MILLI, _OF_NANO = 1e6, 0.01, 1e-3, 1e-9


def tell_card(answers: CardAnswers, gpu: Gpu) -> None:
    """Tell who the card is."""
    told = card(gpu.handle)
    answers.tell(names.GPU_INFO, 1, gpu.name, gpu.address, known(told.vbios) or "")
    answers.tell(names.PERSISTENCE_MODE, told.is_persistent)
    answers.tell(names.ENERGY, told.energy_millijoules, scale=_OF_MILLI)


def tell_clocks(answers: CardAnswers, handle: Any) -> None:
    """Tell clocks, load, and what holds the clocks down."""
    told = clocks(handle)
    for name, clock in (("sm", told.sm), ("memory", told.memory)):
        answers.tell(names.CLOCK, clock.now_megahertz, name, scale=_HERTZ_OF_MEGAHERTZ)
        answers.tell(names.CLOCK_MAX, clock.max_megahertz, name, scale=_HERTZ_OF_MEGAHERTZ)
    answers.tell(names.PERFORMANCE_STATE, told.state)
    for reason, is_on in (answers.value(clock_events(handle)) or {}).items():
        answers.tell(names.CLOCK_EVENT, is_on, reason)
    for reason, nanoseconds in held_nanoseconds(handle):
        answers.tell(names.CLOCK_HELD, nanoseconds, reason, scale=_OF_NANO)
    busy = answers.value(load(handle))
    if busy is not None:
        answers.tell(names.UTILIZATION, busy.gpu_percent, scale=_OF_PERCENT)
        answers.tell(names.MEMORY_UTILIZATION, busy.memory_percent, scale=_OF_PERCENT)


def tell_memory(answers: CardAnswers, handle: Any) -> None:
    """Tell how much memory there is and how much of it is in use."""
    told = answers.value(memory(handle))
    if told is not None:
        answers.tell(names.MEMORY_USED, told.used_bytes)
        answers.tell(names.MEMORY_TOTAL, told.total_bytes)


def tell_link(answers: CardAnswers, handle: Any) -> None:
    """Tell the PCIe link."""
    link = pcie_link(handle)
    answers.tell(names.PCIE_GENERATION, link.generation)
    answers.tell(names.PCIE_GENERATION_MAX, link.generation_max)
    answers.tell(names.PCIE_WIDTH, link.lanes)
    answers.tell(names.PCIE_WIDTH_MAX, link.lanes_max)
    answers.tell(names.PCIE_REPLAYS, link.replays)
