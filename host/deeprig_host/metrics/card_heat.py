"""How hot a GPU is, how its fans turn, and what it draws."""

from __future__ import annotations

from typing import Any

from deeprig_host.gpu.fans import (
    fan_count,
    fan_percent,
    fan_rpm,
    fan_target_percent,
    is_fan_manual,
)
from deeprig_host.gpu.power import default_limit_watts, power_limit_watts, power_watts
from deeprig_host.gpu.thermal import memory_c, temperature_c, thresholds
from deeprig_host.metrics import names
from deeprig_host.metrics.card_answers import CardAnswers

_OF_PERCENT = 0.01


def tell_heat(answers: CardAnswers, handle: Any) -> None:
    """Tell temperatures, the card's own limits, and every fan.

    An absurd temperature is told as it is: an alert on it is right, a hole would be silent.
    """
    now_c, limits = answers.value(temperature_c(handle)), thresholds(handle)
    answers.tell(names.TEMPERATURE, now_c)
    answers.tell(names.MEMORY_TEMPERATURE, memory_c(handle))
    answers.tell(names.SLOWDOWN_TEMPERATURE, limits.slowdown_c)
    answers.tell(names.SHUTDOWN_TEMPERATURE, limits.shutdown_c)
    if now_c is not None and limits.slowdown_c is not None:
        answers.tell(names.SLOWDOWN_MARGIN, limits.slowdown_c - now_c)
    for fan in range(answers.value(fan_count(handle)) or 0):
        _tell_fan(answers, handle, fan)


def tell_power(answers: CardAnswers, handle: Any) -> None:
    """Tell what the card draws and may draw."""
    answers.tell(names.POWER, power_watts(handle))
    answers.tell(names.POWER_LIMIT, power_limit_watts(handle))
    answers.tell(names.POWER_LIMIT_DEFAULT, default_limit_watts(handle))


def _tell_fan(answers: CardAnswers, handle: Any, fan: int) -> None:
    label = str(fan)
    answers.tell(names.FAN_TARGET, fan_target_percent(handle, fan), label, scale=_OF_PERCENT)
    answers.tell(names.FAN_SPEED, fan_percent(handle, fan), label, scale=_OF_PERCENT)
    answers.tell(names.FAN_RPM, fan_rpm(handle, fan), label)
    answers.tell(names.FAN_MANUAL, is_fan_manual(handle, fan), label)
