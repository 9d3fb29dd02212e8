"""Which refusals mean that a card, or the driver below it, has to be looked for anew."""

from __future__ import annotations

import pynvml

from deeprig_host.gpu.answers import Unanswered

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
