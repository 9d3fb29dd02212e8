"""Ask NVML one question at a time: what one card does not support costs no other answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import pynvml

Value = TypeVar("Value")

_UNSUPPORTED = frozenset(
    {
        pynvml.NVML_ERROR_NOT_SUPPORTED,
        pynvml.NVML_ERROR_FUNCTION_NOT_FOUND,
        # What older drivers answer for a sensor, a threshold or a fan that the card does not have.
        pynvml.NVML_ERROR_INVALID_ARGUMENT,
    }
)
_LOST = frozenset({pynvml.NVML_ERROR_GPU_IS_LOST, pynvml.NVML_ERROR_UNINITIALIZED})


@dataclass(frozen=True, slots=True)
class Unanswered:
    """NVML's refusal of a call: never a value, and never to be read as zero.

    ``code`` is an ``nvmlReturn_t``, ``text`` NVML's own words for it.
    """

    call: str
    code: int
    text: str

    @property
    def is_unsupported(self) -> bool:
        """Say whether this card or driver has no such thing: nothing is wrong with it."""
        return self.code in _UNSUPPORTED

    @property
    def is_lost(self) -> bool:
        """Say whether the card, or the driver below it, is gone."""
        return self.code in _LOST

    @property
    def is_forbidden(self) -> bool:
        """Say whether the caller may not do this (root may)."""
        return bool(self.code == pynvml.NVML_ERROR_NO_PERMISSION)

    def __str__(self) -> str:
        return f"{self.call}: {self.text}"


def ask(call: Callable[..., Value], *arguments: Any) -> Value | Unanswered:
    """Return NVML's answer, or why there is none."""
    try:
        return call(*arguments)
    except pynvml.NVMLError as error:
        name = getattr(call, "__name__", str(call))
        return Unanswered(name, int(error.value), str(error))


def known(answer: Value | Unanswered) -> Value | None:
    """Return a value, or None for what is not known, where the reason does not matter."""
    return None if isinstance(answer, Unanswered) else answer
