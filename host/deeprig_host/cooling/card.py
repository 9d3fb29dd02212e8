"""A GPU in the daemon's hands: observe it, carry out an order, give it back. Every call is asked.

What a card cannot do makes it a card that is only watched; what it does not do any more is a fault
of this turn and no reason to touch another card.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from deeprig_host.cooling.declared import GpuSettings
from deeprig_host.cooling.give_back import GivenBack, give_back
from deeprig_host.cooling.govern import Order
from deeprig_host.cooling.reading import FanRange, Reading
from deeprig_host.cooling.trust import Fault
from deeprig_host.gpu.answers import Unanswered, known
from deeprig_host.gpu.clocks import clock_events
from deeprig_host.gpu.fans import (
    fan_count,
    fan_range,
    fan_target_percent,
    is_fan_manual,
    set_fan,
)
from deeprig_host.gpu.library import Gpu
from deeprig_host.gpu.lost import is_gone
from deeprig_host.gpu.power import default_limit_watts
from deeprig_host.gpu.thermal import (
    COLDEST_C,
    HOTTEST_C,
    Thresholds,
    memory_c,
    temperature_c,
    thresholds,
)


@dataclass(slots=True)
class Card:
    """A GPU while the library is open.

    ``watch_reason`` says why its fans are not ours; empty where they are. ``is_taken``: a fan of it
    was set by us and not yet given back.
    """

    gpu: Gpu
    settings: GpuSettings
    fans: int = 0
    range: FanRange = field(default_factory=FanRange)
    limits: Thresholds = field(default_factory=Thresholds)
    has_memory_sensor: bool = False
    default_watts: float | None = None
    watch_reason: str = ""
    is_taken: bool = False
    #: What went wrong with the last order: no reading is believed on top of it.
    order_fault: Fault | None = None

    def observe(self) -> Reading | Fault:
        """Return the temperatures, or why they are not known, or what failed at the last order."""
        seen = self._read()
        fault, self.order_fault = self.order_fault, None
        return seen if isinstance(seen, Fault) else fault or seen

    def _read(self) -> Reading | Fault:
        gpu_c = temperature_c(self.gpu.handle)
        if isinstance(gpu_c, Unanswered):
            return Fault(str(gpu_c), is_gone(gpu_c))
        told = memory_c(self.gpu.handle) if self.has_memory_sensor else None
        if isinstance(told, Unanswered):
            return Fault(str(told), is_gone(told))
        return Reading(
            gpu_c,
            told,
            self.limits.slowdown_c,
            self.limits.memory_max_c,
            is_heat_slowed=_is_heat_slowed(self.gpu),
        )

    def carry_out(self, order: Order) -> None:
        """Have the fans as ordered. What fails is told by ``observe`` or ``watch_reason``."""
        if self.watch_reason:
            return
        if order.percent is None:
            self._release()
        else:
            self._blow(order.percent)

    def give_back(self) -> GivenBack:
        """Give every fan back, once, where one was taken."""
        if not self.is_taken:
            return GivenBack("none")
        given = give_back(self.gpu.handle, self.fans, was_taken=True)
        self.is_taken = not given.is_good
        return given

    def _blow(self, percent: int) -> None:
        for fan in range(self.fans):
            if self._stands(fan, percent):
                continue
            refusal = set_fan(self.gpu.handle, fan, percent)
            # A call that failed in any other way may have taken the fan.
            self.is_taken |= refusal is None or not _is_never(refusal)
            if refusal is not None:
                self._cannot(f"fan {fan}: {refusal}", refusal)
                return

    def _stands(self, fan: int, percent: int) -> bool:
        """Say whether a fan is ours and has this speed: others, and a suspend, take it away."""
        handle = self.gpu.handle
        return (
            self.is_taken
            and known(fan_target_percent(handle, fan)) == percent
            and is_fan_manual(handle, fan) is True
        )

    def _cannot(self, reason: str, refusal: Unanswered) -> None:
        # A daemon before this one may have left them so, and nobody watches them.
        self.is_taken |= any(is_fan_manual(self.gpu.handle, n) is True for n in range(self.fans))
        given = self.give_back()
        if _is_never(refusal) and given.is_good:
            # Only a card that rules its own fans may be left alone: the rest is tried each turn.
            self.watch_reason = reason
        else:
            self.order_fault = Fault(reason if given.is_good else f"{reason}; {given}")

    def _release(self) -> None:
        given = self.give_back()
        if not given.is_good:
            self.order_fault = Fault(f"the fans are {given}")


def take_up(gpu: Gpu, settings: GpuSettings, earlier: Card | None = None) -> Card | Unanswered:
    """Return a card as it is found, or why it cannot be used; nothing about it is changed.

    ``earlier``: the same card before the library was opened this time. What was ours still is, and
    a sensor or a limit that it had is not forgotten because it fails right now.
    """
    fans = fan_count(gpu.handle)
    if isinstance(fans, Unanswered) and not _is_never(fans):
        return fans
    if earlier and earlier.is_taken and not known(fans):
        # Fans that are in our hands are there, whatever their number is said to be now.
        fans = earlier.fans
    limits = thresholds(gpu.handle)
    return Card(
        gpu,
        settings,
        fans=0 if isinstance(fans, Unanswered) else fans,
        range=_range(gpu),
        limits=earlier.limits if earlier and limits.slowdown_c is None else limits,
        has_memory_sensor=_has_memory_sensor(gpu) or bool(earlier and earlier.has_memory_sensor),
        default_watts=_default_watts(gpu, earlier),
        watch_reason=_watch_reason(settings, fans),
        is_taken=bool(earlier and earlier.is_taken),
    )


def _range(gpu: Gpu) -> FanRange:
    told = known(fan_range(gpu.handle))
    is_range = told is not None and 0 <= told[0] < told[1] <= 100
    return FanRange(*told) if told is not None and is_range else FanRange()


def _has_memory_sensor(gpu: Gpu) -> bool:
    told = known(memory_c(gpu.handle))
    return told is not None and COLDEST_C <= told <= HOTTEST_C


def _default_watts(gpu: Gpu, earlier: Card | None) -> float | None:
    told = known(default_limit_watts(gpu.handle))
    return earlier.default_watts if told is None and earlier else told


def _is_heat_slowed(gpu: Gpu) -> bool:
    events = known(clock_events(gpu.handle)) or {}
    return any(events.get(name, False) for name in ("software_thermal", "hardware_thermal"))


def _watch_reason(settings: GpuSettings, fans: int | Unanswered) -> str:
    if settings.mode == "monitor":
        return "declared"
    if isinstance(fans, Unanswered):
        return f"its fans cannot be seen: {fans}"
    return "" if fans else "it has no fan of its own"


def _is_never(refusal: Unanswered) -> bool:
    """Say whether asking again is of no use."""
    return refusal.is_forbidden or refusal.is_unsupported
