"""Names for why NVML, or one GPU, does not answer: few, so that labels stay few."""

from __future__ import annotations

import pynvml

from deeprig_host.gpu.answers import Unanswered
from deeprig_host.gpu.library import NoNvml

_OF_NVML = {
    pynvml.NVML_ERROR_LIBRARY_NOT_FOUND: "no_library",
    pynvml.NVML_ERROR_DRIVER_NOT_LOADED: "no_driver",
    pynvml.NVML_ERROR_UNINITIALIZED: "no_driver",
    pynvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH: "version_mismatch",
    pynvml.NVML_ERROR_NO_PERMISSION: "forbidden",
}
_OF_GPU = {
    pynvml.NVML_ERROR_GPU_NOT_FOUND: "lost",
    pynvml.NVML_ERROR_UNINITIALIZED: "nvml",
    pynvml.NVML_ERROR_DRIVER_NOT_LOADED: "nvml",
    pynvml.NVML_ERROR_GPU_IS_LOST: "lost",
    pynvml.NVML_ERROR_NO_PERMISSION: "forbidden",
    pynvml.NVML_ERROR_RESET_REQUIRED: "reset_required",
    pynvml.NVML_ERROR_INSUFFICIENT_POWER: "power_cable",
}


def nvml_failure(error: NoNvml) -> str:
    """Return one of names.NVML_FAILURES."""
    cause = error.__cause__
    return failure_of(int(cause.value)) if isinstance(cause, pynvml.NVMLError) else "other"


def failure_of(code: int) -> str:
    """Return one of names.NVML_FAILURES for an nvmlReturn_t."""
    return _OF_NVML.get(code, "other")


def gpu_failure(refusal: Unanswered) -> str:
    """Return one of names.GPU_FAILURES."""
    return _OF_GPU.get(refusal.code, "other")
