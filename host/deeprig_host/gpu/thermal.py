"""The temperatures of a GPU and the limits that it sets itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pynvml

from deeprig_host.gpu.answers import Unanswered, ask, known

#: A sensor that says less or more does not measure a card that works.
COLDEST_C, HOTTEST_C = 1, 130
#: What a limit of a card can be; anything else is a register that is not filled.
_LOWEST_LIMIT_C, _HIGHEST_LIMIT_C = 50, 130


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Temperatures (degrees C) at which the card acts by itself; None: it does not tell.

    ``slowdown_c``: clocks are cut by hardware. ``shutdown_c``: the card switches off.
    ``memory_max_c`` and ``gpu_max_c``: clocks are lowered by software.
    """

    slowdown_c: int | None = None
    shutdown_c: int | None = None
    memory_max_c: int | None = None
    gpu_max_c: int | None = None


def temperature_c(handle: Any) -> int | Unanswered:
    """Return the temperature of the GPU's sensor; the old call serves drivers before 570."""
    told = ask(pynvml.nvmlDeviceGetTemperatureV, handle, pynvml.NVML_TEMPERATURE_GPU)
    if isinstance(told, Unanswered) and told.is_unsupported:
        told = ask(pynvml.nvmlDeviceGetTemperature, handle, pynvml.NVML_TEMPERATURE_GPU)
    return told if isinstance(told, Unanswered) else int(told)


def memory_c(handle: Any) -> int | Unanswered:
    """Return the temperature of the memory. Cards without that sensor answer unsupported, or 0."""
    told = _field(handle, pynvml.NVML_FI_DEV_MEMORY_TEMP, "memory temperature")
    if told == 0:
        return Unanswered("memory temperature", pynvml.NVML_ERROR_NOT_SUPPORTED, "no such sensor")
    return told


def thresholds(handle: Any) -> Thresholds:
    """Return the card's own limits.

    Ada and later tell them as margins (T.Limit, field values), older cards as temperatures by a
    call that is being withdrawn. What the fields do not tell is asked by the call.
    """
    by_margin = _by_margin(handle)
    return Thresholds(
        slowdown_c=by_margin.slowdown_c
        or _by_call(handle, pynvml.NVML_TEMPERATURE_THRESHOLD_SLOWDOWN),
        shutdown_c=by_margin.shutdown_c
        or _by_call(handle, pynvml.NVML_TEMPERATURE_THRESHOLD_SHUTDOWN),
        # The memory's margin counts from a temperature that the card does not tell.
        memory_max_c=_by_call(handle, pynvml.NVML_TEMPERATURE_THRESHOLD_MEM_MAX),
        gpu_max_c=by_margin.gpu_max_c
        or _by_call(handle, pynvml.NVML_TEMPERATURE_THRESHOLD_GPU_MAX),
    )


def _by_margin(handle: Any) -> Thresholds:
    """Return limits from the margin that is left now and the margins at which the card acts.

    nvidia-smi shows the same numbers as "T.Limit": a margin of 48 C and a slowdown at -2 C mean a
    slowdown 50 C above the temperature of now. A margin of 0 or less is no margin: it is ignored.
    """
    now_c = known(temperature_c(handle))
    margin_c = known(ask(pynvml.nvmlDeviceGetMarginTemperature, handle))
    if now_c is None or margin_c is None or margin_c <= 0:
        return Thresholds()

    def at(field: int) -> int | None:
        acts_at_c = known(_field(handle, field, "T.Limit"))
        return None if acts_at_c is None else _limit(now_c + margin_c - acts_at_c)

    return Thresholds(
        slowdown_c=at(pynvml.NVML_FI_DEV_TEMPERATURE_SLOWDOWN_TLIMIT),
        shutdown_c=at(pynvml.NVML_FI_DEV_TEMPERATURE_SHUTDOWN_TLIMIT),
        gpu_max_c=at(pynvml.NVML_FI_DEV_TEMPERATURE_GPU_MAX_TLIMIT),
    )


def _by_call(handle: Any, threshold: int) -> int | None:
    told = known(ask(pynvml.nvmlDeviceGetTemperatureThreshold, handle, threshold))
    return None if told is None else _limit(int(told))


def _limit(celsius: int) -> int | None:
    return celsius if _LOWEST_LIMIT_C <= celsius <= _HIGHEST_LIMIT_C else None


def _field(handle: Any, field: int, what: str) -> int | Unanswered:
    """Return a field value that is a whole number."""
    value = ask(_value, handle, field)
    if isinstance(value, Unanswered):
        return Unanswered(f"{what} (field value)", value.code, value.text)
    return value


def _value(handle: Any, field: int) -> int:
    """Return a field's number; its own return code is raised as the call's would be."""
    value = pynvml.nvmlDeviceGetFieldValues(handle, [field])[0]
    pynvml._nvmlCheckReturn(value.nvmlReturn)
    # nvml.h, nvmlValueType_t: margins are signed, temperatures are not.
    if value.valueType == pynvml.NVML_VALUE_TYPE_SIGNED_INT:
        return int(value.value.siVal)
    if value.valueType == pynvml.NVML_VALUE_TYPE_SIGNED_LONG_LONG:
        return int(value.value.sllVal)
    if value.valueType == pynvml.NVML_VALUE_TYPE_DOUBLE:
        return round(float(value.value.dVal))
    # The lower half of every unsigned type; a negative margin that a driver types as unsigned
    # comes out negative.
    return int(value.value.siVal)
