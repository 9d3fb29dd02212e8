"""Ask NVML for everything about every GPU and print it; run in a process of its own.

By ctypes and nvml.h alone: nothing is installed for it. Each field is asked for itself, so that
what one card does not support costs no other field.
"""

from __future__ import annotations

import ctypes
import json
import sys
from collections.abc import Callable
from typing import Any

#: nvml.h: NVML_ERROR_INVALID_ARGUMENT, NVML_ERROR_NOT_SUPPORTED, NVML_NVLINK_MAX_LINKS.
_INVALID_ARGUMENT, _NOT_SUPPORTED, _MAX_LINKS = 2, 3, 18


class _Refused(Exception):
    """NVML answered a call with this code."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


class _PciInfo(ctypes.Structure):
    """nvmlPciInfo_t, version 3 of the call."""

    _fields_ = (
        ("legacy", ctypes.c_char * 16),
        ("domain", ctypes.c_uint),
        ("bus", ctypes.c_uint),
        ("device", ctypes.c_uint),
        ("device_id", ctypes.c_uint),
        ("subsystem_id", ctypes.c_uint),
        ("bus_id", ctypes.c_char * 32),
    )


class _Memory(ctypes.Structure):
    """nvmlMemory_t."""

    _fields_ = tuple((name, ctypes.c_ulonglong) for name in ("total", "free", "used"))


class _Nvml:
    """The library; a call raises _Refused on a code, AttributeError where there is none."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL("libnvidia-ml.so.1")
        self._library.nvmlErrorString.restype = ctypes.c_char_p

    def call(self, name: str, *arguments: Any) -> None:
        code = getattr(self._library, name)(*arguments)
        if code:
            text = self._library.nvmlErrorString(code) or b""
            raise _Refused(code, f"{name}: {text.decode(errors='replace')}")

    def number(self, name: str, *arguments: Any) -> int:
        value = ctypes.c_uint()
        self.call(name, *arguments, ctypes.byref(value))
        return value.value

    def text(self, name: str, *arguments: Any) -> str:
        value = ctypes.create_string_buffer(96)
        self.call(name, *arguments, value, ctypes.c_uint(96))
        return value.value.decode(errors="replace")


def _pci(nvml: _Nvml, gpu: Any) -> dict[str, str]:
    info = _PciInfo()
    nvml.call("nvmlDeviceGetPciInfo_v3", gpu, ctypes.byref(info))
    domain, _, rest = info.bus_id.decode().lower().partition(":")
    return {
        "address": f"{int(domain, 16):04x}:{rest}",  # NVML writes eight digits, sysfs four
        "vendor": f"{info.device_id & 0xFFFF:04x}",
        "device": f"{info.device_id >> 16:04x}",
    }


def _memory_bytes(nvml: _Nvml, gpu: Any) -> int:
    memory = _Memory()
    nvml.call("nvmlDeviceGetMemoryInfo", gpu, ctypes.byref(memory))
    return int(memory.total)


def _compute_capability(nvml: _Nvml, gpu: Any) -> str:
    major, minor = ctypes.c_int(), ctypes.c_int()
    nvml.call("nvmlDeviceGetCudaComputeCapability", gpu, ctypes.byref(major), ctypes.byref(minor))
    return f"{major.value}.{minor.value}"


def _power_limit_watts(nvml: _Nvml, gpu: Any) -> float:
    return nvml.number("nvmlDeviceGetPowerManagementLimit", gpu) / 1000


def _power_max_watts(nvml: _Nvml, gpu: Any) -> float:
    low = ctypes.c_uint()
    name = "nvmlDeviceGetPowerManagementLimitConstraints"
    return nvml.number(name, gpu, ctypes.byref(low)) / 1000


def _temperature_celsius(nvml: _Nvml, gpu: Any) -> int:
    return nvml.number("nvmlDeviceGetTemperature", gpu, ctypes.c_int(0))  # 0: the GPU's own sensor


def _fan_count(nvml: _Nvml, gpu: Any) -> int:
    return nvml.number("nvmlDeviceGetNumFans", gpu)


def _nvlink_count(nvml: _Nvml, gpu: Any) -> int:
    """Return how many links are active; a card without NVLink supports no such question: 0."""
    active = 0
    for link in range(_MAX_LINKS):
        try:
            active += nvml.number("nvmlDeviceGetNvLinkState", gpu, ctypes.c_uint(link)) == 1
        except _Refused as refused:
            if refused.code in (_INVALID_ARGUMENT, _NOT_SUPPORTED):
                break  # no link of this number, so none above it
            raise
    return active


_FIELDS: dict[str, Callable[[_Nvml, Any], Any]] = {
    "pci": _pci,
    "name": lambda nvml, gpu: nvml.text("nvmlDeviceGetName", gpu),
    "uuid": lambda nvml, gpu: nvml.text("nvmlDeviceGetUUID", gpu),
    "memory_bytes": _memory_bytes,
    "compute_capability": _compute_capability,
    "power_limit_watts": _power_limit_watts,
    "power_max_watts": _power_max_watts,
    "temperature_celsius": _temperature_celsius,
    "fan_count": _fan_count,
    "nvlink_count": _nvlink_count,
}


def _gpu(nvml: _Nvml, index: int) -> dict[str, Any]:
    values: dict[str, Any] = {}
    errors: dict[str, str] = {}
    gpu = ctypes.c_void_p()
    try:
        nvml.call("nvmlDeviceGetHandleByIndex_v2", ctypes.c_uint(index), ctypes.byref(gpu))
    except _Refused as refused:
        return {"index": index, "values": values, "errors": {"pci": str(refused)}}
    for name, ask in _FIELDS.items():
        try:
            values[name] = ask(nvml, gpu)
        except (_Refused, AttributeError, ValueError) as error:
            errors[name] = str(error)
    return {"index": index, "values": values, "errors": errors}


def answer() -> dict[str, Any]:
    """Return ``gpus``, or ``error`` where NVML cannot be used at all."""
    try:
        nvml = _Nvml()
        nvml.call("nvmlInit_v2")
        count = nvml.number("nvmlDeviceGetCount_v2")
        gpus = [_gpu(nvml, index) for index in range(count)]
        nvml.call("nvmlShutdown")
    except (OSError, AttributeError, _Refused) as error:
        return {"gpus": [], "error": str(error)}
    return {"gpus": gpus, "error": None}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(answer()) + "\n")
