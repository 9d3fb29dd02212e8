"""What the status tells of a GPU besides its temperatures: fans, power, load. None: not known."""

from __future__ import annotations

from typing import Any

import pynvml

from deeprig_host.cooling.member import Member
from deeprig_host.cooling.reading import Reading
from deeprig_host.gpu.answers import ask, known
from deeprig_host.gpu.fans import fan_percent, fan_rpm
from deeprig_host.gpu.power import power_limit_watts, power_watts


def describe(member: Member) -> dict[str, Any]:
    """Return a GPU's entry of the status (schema ``deeprig.cooling/1``)."""
    order, card, seen = member.order, member.card, member.observed
    reading = seen if isinstance(seen, Reading) else None
    return {
        "uuid": member.uuid or None,
        "index": member.index,
        "address": member.address or None,
        "name": member.name,
        "mode": order.mode if order else "released",
        "reason": order.reason if order else "",
        "temperature_c": reading.temperature_c if reading else None,
        "memory_c": reading.memory_c if reading else None,
        "power_default_w": card.default_watts if card else None,
        "slowdown_c": card.limits.slowdown_c if card else None,
        "target_percent": order.percent if order else None,
    } | (_measured(card.gpu.handle, card.fans) if card else _UNKNOWN)


_UNKNOWN: dict[str, Any] = {
    "fans": [],
    "power_w": None,
    "power_limit_w": None,
    "load_percent": None,
}


def _measured(handle: Any, fans: int) -> dict[str, Any]:
    load = known(ask(pynvml.nvmlDeviceGetUtilizationRates, handle))
    return {
        "fans": [
            {"percent": known(fan_percent(handle, fan)), "rpm": known(fan_rpm(handle, fan))}
            for fan in range(fans)
        ],
        "power_w": known(power_watts(handle)),
        "power_limit_w": known(power_limit_watts(handle)),
        "load_percent": None if load is None else int(load.gpu),
    }
