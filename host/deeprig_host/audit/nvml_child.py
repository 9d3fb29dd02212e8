"""Ask NVML for everything about every GPU and print it; run in a process of its own.

Each field is asked for itself, so that what one card does not support costs no other field.
"""

from __future__ import annotations

import ctypes
import json
import sys
from collections.abc import Callable
from typing import Any

from deeprig_host.audit.nvml_library import Memory, Nvml, PciInfo, Refused, Temperature

#: nvml.h: NVML_ERROR_INVALID_ARGUMENT, NVML_ERROR_NOT_SUPPORTED, NVML_NVLINK_MAX_LINKS.
_INVALID_ARGUMENT, _NOT_SUPPORTED, _MAX_LINKS = 2, 3, 18
#: NVML_TEMPERATURE_THRESHOLD_SLOWDOWN.
_SLOWDOWN = 1
#: nvmlClocksEventReason{SwThermalSlowdown,HwThermalSlowdown}: the clocks are held down by heat.
_HEAT = 0x20 | 0x40


def _pci(nvml: Nvml, gpu: Any) -> dict[str, str]:
    info = PciInfo()
    nvml.call("nvmlDeviceGetPciInfo_v3", gpu, ctypes.byref(info))
    domain, _, rest = info.bus_id.decode().lower().partition(":")
    return {
        "address": f"{int(domain, 16):04x}:{rest}",  # NVML writes eight digits, sysfs four
        "vendor": f"{info.device_id & 0xFFFF:04x}",
        "device": f"{info.device_id >> 16:04x}",
    }


def _memory_bytes(nvml: Nvml, gpu: Any) -> int:
    memory = Memory()
    nvml.call("nvmlDeviceGetMemoryInfo", gpu, ctypes.byref(memory))
    return int(memory.total)


def _compute_capability(nvml: Nvml, gpu: Any) -> str:
    major, minor = ctypes.c_int(), ctypes.c_int()
    nvml.call("nvmlDeviceGetCudaComputeCapability", gpu, ctypes.byref(major), ctypes.byref(minor))
    return f"{major.value}.{minor.value}"


def _power_limit_watts(nvml: Nvml, gpu: Any) -> float:
    return nvml.number("nvmlDeviceGetPowerManagementLimit", gpu) / 1000


def _power_max_watts(nvml: Nvml, gpu: Any) -> float:
    low = ctypes.c_uint()
    name = "nvmlDeviceGetPowerManagementLimitConstraints"
    return nvml.number(name, gpu, ctypes.byref(low)) / 1000


def _temperature_celsius(nvml: Nvml, gpu: Any) -> int:
    """Return the core's temperature; the older call leaves with CUDA 14, the newer came with 13."""
    try:
        temperature = Temperature.asked()
        nvml.call("nvmlDeviceGetTemperatureV", gpu, ctypes.byref(temperature))
        return int(temperature.celsius)
    except AttributeError:
        return nvml.number("nvmlDeviceGetTemperature", gpu, ctypes.c_int(0))


def _slowdown_celsius(nvml: Nvml, gpu: Any) -> int:
    return nvml.number("nvmlDeviceGetTemperatureThreshold", gpu, ctypes.c_int(_SLOWDOWN))


def _is_slowed_by_heat(nvml: Nvml, gpu: Any) -> bool:
    reasons = ctypes.c_ulonglong()
    try:
        nvml.call("nvmlDeviceGetCurrentClocksEventReasons", gpu, ctypes.byref(reasons))
    except AttributeError:  # its name before driver 535
        nvml.call("nvmlDeviceGetCurrentClocksThrottleReasons", gpu, ctypes.byref(reasons))
    return bool(reasons.value & _HEAT)


def _fan_count(nvml: Nvml, gpu: Any) -> int:
    return nvml.number("nvmlDeviceGetNumFans", gpu)


def _nvlink_count(nvml: Nvml, gpu: Any) -> int:
    """Return how many links are active; a card without NVLink supports no such question: 0."""
    active = 0
    for link in range(_MAX_LINKS):
        try:
            active += nvml.number("nvmlDeviceGetNvLinkState", gpu, ctypes.c_uint(link)) == 1
        except Refused as refused:
            if refused.code in (_INVALID_ARGUMENT, _NOT_SUPPORTED):
                break  # no link of this number, so none above it
            raise
    return active


_FIELDS: dict[str, Callable[[Nvml, Any], Any]] = {
    "pci": _pci,
    "name": lambda nvml, gpu: nvml.text("nvmlDeviceGetName", gpu),
    "uuid": lambda nvml, gpu: nvml.text("nvmlDeviceGetUUID", gpu),
    "memory_bytes": _memory_bytes,
    "compute_capability": _compute_capability,
    "power_limit_watts": _power_limit_watts,
    "power_max_watts": _power_max_watts,
    "temperature_celsius": _temperature_celsius,
    "slowdown_celsius": _slowdown_celsius,
    "is_slowed_by_heat": _is_slowed_by_heat,
    "fan_count": _fan_count,
    "nvlink_count": _nvlink_count,
}


def _gpu(nvml: Nvml, index: int) -> dict[str, Any]:
    values: dict[str, Any] = {}
    errors: dict[str, str] = {}
    gpu = ctypes.c_void_p()
    try:
        nvml.call("nvmlDeviceGetHandleByIndex_v2", ctypes.c_uint(index), ctypes.byref(gpu))
    except Refused as refused:
        return {"index": index, "values": values, "errors": {"pci": str(refused)}}
    for name, ask in _FIELDS.items():
        try:
            values[name] = ask(nvml, gpu)
        except (Refused, AttributeError, ValueError) as error:
            errors[name] = str(error)
    return {"index": index, "values": values, "errors": errors}


def answer() -> dict[str, Any]:
    """Return ``gpus``, or ``error`` where NVML cannot be used at all."""
    try:
        nvml = Nvml()
        nvml.call("nvmlInit_v2")
        count = nvml.number("nvmlDeviceGetCount_v2")
        gpus = [_gpu(nvml, index) for index in range(count)]
        nvml.call("nvmlShutdown")
    except (OSError, AttributeError, Refused) as error:
        return {"gpus": [], "error": str(error)}
    return {"gpus": gpus, "error": None}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(answer()) + "\n")
