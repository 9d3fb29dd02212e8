"""What it means that a card or the library is gone: what to look for anew, and what not."""

from __future__ import annotations

import pynvml

from deeprig_host.gpu.answers import Unanswered
from deeprig_host.gpu.library import NoNvml
from deeprig_host.machine.commands import Machine

#: The kernel module makes it when it is loaded.
_DRIVER = "/proc/driver/nvidia/version"

_GONE = frozenset(
    {
        pynvml.NVML_ERROR_DRIVER_NOT_LOADED,
        pynvml.NVML_ERROR_RESET_REQUIRED,
        pynvml.NVML_ERROR_GPU_NOT_FOUND,
    }
)


def is_gone(answer: Unanswered) -> bool:
    """Say whether the library has to be opened again before this card can answer."""
    return answer.is_lost or answer.code in _GONE


def is_without_driver(error: NoNvml, machine: Machine) -> bool:
    """Say whether there is no NVIDIA driver: no card of it is in anybody's hands.

    A library that was removed says nothing about the driver: it goes on in the kernel, and holds
    the fans as they were set. What the library says of the driver is not enough alone either.
    """
    if machine.path(_DRIVER).exists():
        return False
    return _code(error) in (
        pynvml.NVML_ERROR_DRIVER_NOT_LOADED,
        pynvml.NVML_ERROR_LIBRARY_NOT_FOUND,
    )


def is_other_version(error: NoNvml) -> bool:
    """Say whether the library that this process has loaded is not the running driver's."""
    return bool(_code(error) == pynvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH)


def _code(error: NoNvml) -> int | None:
    cause = error.__cause__
    return int(cause.value) if isinstance(cause, pynvml.NVMLError) else None
