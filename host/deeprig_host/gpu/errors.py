"""Errors of a GPU's memory: what ECC found, which rows were remapped, which pages retired."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pynvml

from deeprig_host.gpu.answers import Unanswered, ask

#: nvml.h, nvmlMemoryErrorType_t, nvmlEccCounterType_t, nvmlPageRetirementCause_t.
_KINDS = (
    ("corrected", pynvml.NVML_MEMORY_ERROR_TYPE_CORRECTED),
    ("uncorrected", pynvml.NVML_MEMORY_ERROR_TYPE_UNCORRECTED),
)
_PERIODS = (("volatile", pynvml.NVML_VOLATILE_ECC), ("aggregate", pynvml.NVML_AGGREGATE_ECC))
_CAUSES = (
    ("single_bit", pynvml.NVML_PAGE_RETIREMENT_CAUSE_MULTIPLE_SINGLE_BIT_ECC_ERRORS),
    ("double_bit", pynvml.NVML_PAGE_RETIREMENT_CAUSE_DOUBLE_BIT_ECC_ERROR),
)


@dataclass(frozen=True, slots=True)
class EccCount:
    """Errors of a ``kind`` (corrected, uncorrected) in a ``period``.

    Volatile: since the driver was loaded. Aggregate: in the card's life.
    """

    kind: str
    period: str
    errors: int | Unanswered


@dataclass(frozen=True, slots=True)
class RemappedRows:
    """Rows of memory that were replaced, in the card's life (Ampere and later)."""

    corrected: int
    uncorrected: int
    is_pending: bool
    has_failed: bool


@dataclass(frozen=True, slots=True)
class RetiredPages:
    """Pages no longer used because of a ``cause`` (single_bit, double_bit); before Ampere."""

    cause: str
    pages: int | Unanswered


def is_ecc_enabled(handle: Any) -> bool | Unanswered:
    """Say whether the card corrects errors now; consumer cards refuse as not supported."""
    told = ask(pynvml.nvmlDeviceGetEccMode, handle)
    return told if isinstance(told, Unanswered) else bool(told[0])


def ecc_counts(handle: Any) -> tuple[EccCount, ...]:
    """Return how many errors there were."""
    return tuple(
        EccCount(kind, period, ask(pynvml.nvmlDeviceGetTotalEccErrors, handle, which, since))
        for kind, which in _KINDS
        for period, since in _PERIODS
    )


def remapped_rows(handle: Any) -> RemappedRows | Unanswered:
    """Return what became of broken rows."""
    told = ask(pynvml.nvmlDeviceGetRemappedRows, handle)
    if isinstance(told, Unanswered):
        return told
    corrected, uncorrected, pending, failed = told
    return RemappedRows(int(corrected), int(uncorrected), bool(pending), bool(failed))


def retired_pages(handle: Any) -> tuple[RetiredPages, ...]:
    """Return how many pages were retired."""
    return tuple(RetiredPages(name, _pages(handle, cause)) for name, cause in _CAUSES)


def is_retirement_pending(handle: Any) -> bool | Unanswered:
    """Say whether pages wait for a reboot to be retired."""
    told = ask(pynvml.nvmlDeviceGetRetiredPagesPendingStatus, handle)
    return told if isinstance(told, Unanswered) else bool(told)


def _pages(handle: Any, cause: int) -> int | Unanswered:
    told = ask(pynvml.nvmlDeviceGetRetiredPages, handle, cause)
    return told if isinstance(told, Unanswered) else len(told)
