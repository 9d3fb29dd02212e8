"""The fans of a GPU: how many, how fast, who rules them, and how they are given back."""

from __future__ import annotations

import ctypes
from typing import Any

import pynvml

from deeprig_host.gpu.answers import Unanswered, ask, known


def fan_count(handle: Any) -> int | Unanswered:
    """Return how many fans the card drives itself; a passive card has 0 or does not support it."""
    told = ask(pynvml.nvmlDeviceGetNumFans, handle)
    return told if isinstance(told, Unanswered) else int(told)


def fan_range(handle: Any) -> tuple[int, int] | Unanswered:
    """Return the lowest and the highest percentage that the card lets its fans be set to."""
    told = ask(pynvml.nvmlDeviceGetMinMaxFanSpeed, handle)
    return told if isinstance(told, Unanswered) else (int(told[0]), int(told[1]))


def fan_percent(handle: Any, fan: int) -> int | Unanswered:
    """Return the speed that the card means a fan to have: a blocked fan says the same."""
    told = ask(pynvml.nvmlDeviceGetFanSpeed_v2, handle, fan)
    return told if isinstance(told, Unanswered) else int(told)


def fan_target_percent(handle: Any, fan: int) -> int | Unanswered:
    """Return the speed that was ordered, by whoever rules the fan now."""
    told = ask(pynvml.nvmlDeviceGetTargetFanSpeed, handle, fan)
    return told if isinstance(told, Unanswered) else int(told)


def fan_rpm(handle: Any, fan: int) -> int | Unanswered:
    """Return the revolutions per minute (driver 565 and later).

    nvml.h promises the intended ones only: some cards measure, others tell what they mean.
    """
    told = ask(_rpm, handle, fan)
    return told if isinstance(told, Unanswered) else int(told)


def _rpm(handle: Any, fan: int) -> int:
    """Ask as pynvml.nvmlDeviceGetFanSpeedRPM does, which knows the first fan only."""
    info = pynvml.c_nvmlFanSpeedInfo_t()
    info.version = pynvml.nvmlFanSpeedInfo_v1
    info.fan = fan
    function = pynvml._nvmlGetFunctionPointer("nvmlDeviceGetFanSpeedRPM")
    pynvml._nvmlCheckReturn(function(handle, ctypes.byref(info)))
    return int(info.speed)


def is_fan_manual(handle: Any, fan: int) -> bool | None:
    """Say whether a fan stays where it was set (driver 520 and later); None: not told."""
    told = known(ask(pynvml.nvmlDeviceGetFanControlPolicy_v2, handle, fan))
    return None if told is None else bool(told == pynvml.NVML_FAN_POLICY_MANUAL)


def set_fan(handle: Any, fan: int, percent: int) -> Unanswered | None:
    """Put a fan under manual control at a speed: from then on we watch the temperature."""
    return _refusal(ask(pynvml.nvmlDeviceSetFanSpeed_v2, handle, fan, percent))


def release_fan(handle: Any, fan: int) -> Unanswered | None:
    """Give a fan back to the card's own control."""
    return _refusal(ask(pynvml.nvmlDeviceSetDefaultFanSpeed_v2, handle, fan))


def _refusal(answer: object) -> Unanswered | None:
    return answer if isinstance(answer, Unanswered) else None
