"""Case ``pipeline_parallel``: each rank has some layers, and micro-batches go through them."""

from __future__ import annotations

from typing import Any

import torch

from deeprig_host.training.cases import CaseContext, CaseResult, judged, skipped
from deeprig_host.training.evaluation import Check
from deeprig_host.training.pytorch import batches, perceptron
from deeprig_host.training.pytorch.divided import Divided, train_both
from deeprig_host.training.pytorch.pipeline_parallel_rank import MICRO_BATCHES
from deeprig_host.training.pytorch.processes import rank_count


def run(context: CaseContext) -> CaseResult:
    """Train the whole and the divided network; compare losses and weights."""
    count = rank_count(context)
    if count < 2:
        return skipped("it needs two GPUs; this run has one")
    divided = train_both("pipeline_parallel_rank", perceptron.blocks, context)
    parallel: dict[str, Any] = {}
    for number in range(count):
        path = context.workdir / f"stage-{number}.pt"
        parallel |= torch.load(path, weights_only=True)
    checks = (
        _check_stages(divided),
        divided.check_losses(divided.told[-1]["losses"]),
        batches.check_as_alone(divided.alone, parallel, divided.start, context.device),
        batches.check_losses_fall(divided.losses),
    )
    return judged(checks, (), {"loss": divided.losses}, {"ranks": count})


def _check_stages(divided: Divided) -> Check:
    """Each rank holds layers of its own, all together the whole, and had every micro-batch."""
    names = [name for one in divided.told for name in one["held"]]
    passed = [one["micro_batches"] for one in divided.told]
    expected = len(divided.losses) * MICRO_BATCHES
    return Check(
        "each rank holds its own layers and has every micro-batch",
        sorted(names) == sorted(divided.alone) and set(passed) == {expected},
        f"{len(divided.alone)} weights, {expected} micro-batches on each rank",
        f"{len(set(names))} weights on {len(divided.told)} ranks, micro-batches {passed}",
    )
