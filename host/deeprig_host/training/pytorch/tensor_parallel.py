"""Case ``tensor_parallel``: each layer is divided over the ranks, and computes as the whole."""

from __future__ import annotations

import math

import torch

from deeprig_host.training.cases import CaseContext, CaseResult, judged, skipped
from deeprig_host.training.evaluation import Check
from deeprig_host.training.pytorch import batches, perceptron
from deeprig_host.training.pytorch.divided import Divided, train_both
from deeprig_host.training.pytorch.processes import rank_count


def run(context: CaseContext) -> CaseResult:
    """Train the whole and the divided network; compare losses and weights."""
    if rank_count(context) < 2:
        return skipped("it needs two GPUs; this run has one")
    divided = train_both("tensor_parallel_rank", perceptron.two_layers, context)
    parallel = torch.load(context.workdir / "weights.pt", weights_only=True)
    checks = (
        _check_shards(divided),
        divided.check_losses(divided.told[0]["losses"]),
        batches.check_as_alone(divided.alone, parallel, divided.start, context.device),
        batches.check_losses_fall(divided.losses),
    )
    return judged(checks, (), {"loss": divided.losses}, {"ranks": len(divided.told)})


def _check_shards(divided: Divided) -> Check:
    """Each rank holds its part of both layers, and not the whole."""
    whole = {name: tuple(divided.alone[name].shape) for name in ("first.weight", "second.weight")}
    expected = {name: math.prod(shape) // len(divided.told) for name, shape in whole.items()}
    held = [one["held"] for one in divided.told]
    return Check(
        "each rank holds its part of the weights",
        all(one == expected for one in held),
        f"{expected} numbers of {whole}",
        f"{held}",
    )
