"""NVML by ctypes and nvml.h alone: nothing is installed for it."""

from __future__ import annotations

import ctypes
from typing import Any


class Refused(Exception):
    """NVML answered a call with this code."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


class PciInfo(ctypes.Structure):
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


class Memory(ctypes.Structure):
    """nvmlMemory_t."""

    _fields_ = tuple((name, ctypes.c_ulonglong) for name in ("total", "free", "used"))


class Temperature(ctypes.Structure):
    """nvmlTemperature_t, version 1; the version of NVML's structures holds their size."""

    _fields_ = (
        ("version", ctypes.c_uint),
        ("sensor", ctypes.c_uint),
        ("celsius", ctypes.c_int),
    )

    @classmethod
    def asked(cls) -> Temperature:
        """Return the structure as a question for the GPU's own sensor (NVML_TEMPERATURE_GPU)."""
        return cls(ctypes.sizeof(cls) | 1 << 24, 0, 0)


class Nvml:
    """The library; a call raises Refused on a code, AttributeError where there is none."""

    def __init__(self) -> None:
        """Load the library. Raise OSError where there is none."""
        self._library = ctypes.CDLL("libnvidia-ml.so.1")
        self._library.nvmlErrorString.restype = ctypes.c_char_p

    def call(self, name: str, *arguments: Any) -> None:
        """Call a function that returns nothing but its code."""
        code = getattr(self._library, name)(*arguments)
        if code:
            text = self._library.nvmlErrorString(code) or b""
            raise Refused(code, f"{name}: {text.decode(errors='replace')}")

    def number(self, name: str, *arguments: Any) -> int:
        """Return the number that a function gives through its last argument."""
        value = ctypes.c_uint()
        self.call(name, *arguments, ctypes.byref(value))
        return value.value

    def text(self, name: str, *arguments: Any) -> str:
        """Return the text that a function gives into a buffer."""
        value = ctypes.create_string_buffer(96)
        self.call(name, *arguments, value, ctypes.c_uint(96))
        return value.value.decode(errors="replace")
