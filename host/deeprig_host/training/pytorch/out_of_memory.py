"""Case ``out_of_memory``: a batch too large fails, a smaller one with accumulation replaces it."""

from __future__ import annotations

from typing import Any

from deeprig_host.training import data
from deeprig_host.training.cases import CaseContext, CaseResult, judged
from deeprig_host.training.device import CPU
from deeprig_host.training.evaluation import Check
from deeprig_host.training.pytorch import batches
from deeprig_host.training.pytorch.out_of_memory_work import BASE_SAMPLES, BATCH_SAMPLES
from deeprig_host.training.pytorch.processes import run_alone


def run(context: CaseContext) -> CaseResult:
    """Let a process of its own run out of memory: its limit harms nobody else."""
    batches.write_batches(data.load_split(context.seed).train, BASE_SAMPLES, 1, context)
    context.emit(0.1, "a batch too large, in a process with little memory")
    told = run_alone("out_of_memory_work", context)
    checks: tuple[Check, ...] = (
        _check_failed(told),
        _check_recovered(told),
        _check_gradients(told, context.device),
        _check_goes_on(told),
    )
    if context.gpu_count:
        checks = (*checks, _check_given_back(told))
    return judged(checks, (), {}, {"tries": told["tries"], "limit": told["limit"]})


def _check_failed(told: dict[str, Any]) -> Check:
    """The allocator refused: what is recovered from really happened."""
    errors = [one["error"] for one in told["tries"] if one["error"]]
    actual = f"{len(errors)} times, first: {errors[0]}" if errors else "no allocation failed"
    return Check("the large batch runs out of memory", bool(errors), told["limit"], actual)


def _check_recovered(told: dict[str, Any]) -> Check:
    last = told["tries"][-1]
    is_good = not last["error"] and 0 < last["samples"] < BATCH_SAMPLES
    actual = f"{last['samples']} at once: {last['error'] or 'it fits'}"
    return Check("a smaller batch fits", is_good, f"fewer than {BATCH_SAMPLES} at once", actual)


def _check_gradients(told: dict[str, Any], device: str) -> Check:
    """Accumulated over the parts, gradients are those of the whole.

    The whole repeats a few images, so that its mean gradient is theirs: it need not fit itself.
    Sums of many float32 are compared; a GPU may take TF32.
    """
    most = 1e-3 if device == CPU else 2e-2
    off, size = told["gradients_off"], told["largest_gradient"]
    return Check(
        "accumulated gradients are those of the large batch",
        size > 0 and off <= most * size,
        f"within {most:g} of the largest, {size:.1e}",
        f"{off:.1e} off",
    )


def _check_goes_on(told: dict[str, Any]) -> Check:
    before, after = told["losses"]
    return Check("training goes on", after < before, "loss falls", f"{before:.4f} to {after:.4f}")


def _check_given_back(told: dict[str, Any]) -> Check:
    """What a failed step held is free again, or each failure would make the next batch smaller."""
    kept = told["bytes_kept"]
    return Check("a failed step gives its memory back", kept == 0, "0 bytes kept", f"{kept} bytes")
