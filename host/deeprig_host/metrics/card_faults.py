"""What went wrong in a GPU's memory, and who uses the GPU."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from deeprig_host.gpu.errors import (
    ecc_counts,
    is_ecc_enabled,
    is_retirement_pending,
    remapped_rows,
    retired_pages,
)
from deeprig_host.gpu.processes import gpu_processes, shares
from deeprig_host.metrics import names
from deeprig_host.metrics.card_answers import CardAnswers


def tell_errors(answers: CardAnswers, handle: Any) -> None:
    """Tell what ECC counted, which rows were replaced and which pages retired."""
    answers.tell(names.ECC_ENABLED, is_ecc_enabled(handle))
    for count in ecc_counts(handle):
        answers.tell(names.ECC_ERRORS, count.errors, count.kind, count.period)
    rows = answers.value(remapped_rows(handle))
    if rows is not None:
        answers.tell(names.REMAPPED_ROWS, rows.corrected, "corrected")
        answers.tell(names.REMAPPED_ROWS, rows.uncorrected, "uncorrected")
        answers.tell(names.ROW_REMAP_PENDING, rows.is_pending)
        answers.tell(names.ROW_REMAP_FAILED, rows.has_failed)
    for retired in retired_pages(handle):
        answers.tell(names.RETIRED_PAGES, retired.pages, retired.cause)
    answers.tell(names.RETIRED_PAGES_PENDING, is_retirement_pending(handle))


def tell_processes(answers: CardAnswers, handle: Any, owner: Callable[[int], str]) -> None:
    """Tell how many processes each user has on the GPU, and how much of its memory."""
    for share in shares(answers.value(gpu_processes(handle)) or (), owner):
        answers.tell(names.PROCESSES, share.processes, share.user)
        answers.tell(names.PROCESS_MEMORY, share.memory_bytes, share.user)
