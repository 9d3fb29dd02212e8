"""Which device a run must use. A machine that must have GPUs never falls back to its CPU."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Cuda:
    """CUDA as a framework sees it; ``version`` is what it was built for, None for a CPU build."""

    version: str | None
    device_count: int
    names: tuple[str, ...] = ()
    error: str = ""

    def details(self) -> dict[str, Any]:
        """Return the evidence."""
        return {
            "cuda_build": self.version,
            "cuda_devices": self.device_count,
            "names": list(self.names),
            "error": self.error,
        }


def refusal_reason(cuda: Cuda, gpu_count: int) -> str | None:
    """Return why a machine that must train on ``gpu_count`` GPUs cannot, or None when it can."""
    if gpu_count == 0:
        return None
    if cuda.version is None:
        return f"{gpu_count} GPUs are expected, but this is a CPU build of the framework"
    if cuda.device_count == 0:
        return f"{gpu_count} GPUs are expected, but CUDA finds none: {cuda.error or 'no reason'}"
    if cuda.device_count != gpu_count:
        return f"{gpu_count} GPUs are expected, but CUDA finds {cuda.device_count}"
    return None


def device_name(gpu_count: int) -> str:
    """Return the device to train on: the first GPU where any is expected, else the CPU."""
    return "cuda:0" if gpu_count else "cpu"
