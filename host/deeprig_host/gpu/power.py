"""The power of a GPU in watts: what it draws, what limits it, and within which bounds."""

from __future__ import annotations

from typing import Any

import pynvml

from deeprig_host.gpu.answers import Unanswered, ask

_MILLIWATTS = 1000


def power_watts(handle: Any) -> float | Unanswered:
    """Return what the card draws, averaged by itself over a second or less."""
    return _watts(ask(pynvml.nvmlDeviceGetPowerUsage, handle))


def power_limit_watts(handle: Any) -> float | Unanswered:
    """Return the limit that is set."""
    return _watts(ask(pynvml.nvmlDeviceGetPowerManagementLimit, handle))


def default_limit_watts(handle: Any) -> float | Unanswered:
    """Return the limit that the card comes with."""
    return _watts(ask(pynvml.nvmlDeviceGetPowerManagementDefaultLimit, handle))


def limit_range_watts(handle: Any) -> tuple[float, float] | Unanswered:
    """Return the lowest and the highest limit that the card accepts."""
    told = ask(pynvml.nvmlDeviceGetPowerManagementLimitConstraints, handle)
    if isinstance(told, Unanswered):
        return told
    return told[0] / _MILLIWATTS, told[1] / _MILLIWATTS


def set_power_limit(handle: Any, watts: float) -> Unanswered | None:
    """Set the limit; it lasts until the driver is unloaded."""
    told = ask(pynvml.nvmlDeviceSetPowerManagementLimit, handle, round(watts * _MILLIWATTS))
    return told if isinstance(told, Unanswered) else None


def _watts(milliwatts: int | Unanswered) -> float | Unanswered:
    return milliwatts if isinstance(milliwatts, Unanswered) else milliwatts / _MILLIWATTS
