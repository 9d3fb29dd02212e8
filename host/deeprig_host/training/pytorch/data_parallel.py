"""Case ``data_parallel``: by torchrun, each rank trains on its share, and all stay in step."""

from __future__ import annotations

from typing import Any

import torch

from deeprig_host.training import data
from deeprig_host.training.cases import CaseContext, CaseResult, Measurement, judged, skipped
from deeprig_host.training.evaluation import Check
from deeprig_host.training.pytorch import batches, networks, runtime
from deeprig_host.training.pytorch.processes import rank_count, run_ranks

#: Of each rank in each batch.
_SAMPLES = 16
_BATCHES = 48


def run(context: CaseContext) -> CaseResult:
    """Train by all ranks and by one process; compare the weights."""
    count = rank_count(context)
    if count < 2:
        return skipped("it needs two GPUs; this run has one")
    runtime.make_repeatable(context.seed)
    model = networks.convolutional(dropout=0.0).to(context.device)
    start = {name: one.cpu().clone() for name, one in model.state_dict().items()}
    part = data.load_split(context.seed).train
    batches.write_batches(part, count * _SAMPLES, _BATCHES, context)
    losses = batches.train_alone(model, context)
    context.emit(0.3, f"{count} ranks by torchrun")
    told = run_ranks("data_parallel_rank", context)
    alone = {name: one.cpu() for name, one in model.state_dict().items()}
    parallel = torch.load(context.workdir / "weights.pt", weights_only=True)
    checks = (
        _check_ranks(told, context),
        _check_all_reduce(told),
        _check_shares(told, len(losses) * count * _SAMPLES),
        _check_in_step(told),
        batches.check_as_alone(alone, parallel, start, context.device),
        batches.check_losses_fall(losses),
    )
    return judged(checks, _bandwidth(told), {"loss": losses}, {"ranks": count})


def _check_ranks(told: tuple[dict[str, Any], ...], context: CaseContext) -> Check:
    """Each has a process and, of GPUs, a device of its own."""
    places = {(one["device"], one["process"]) for one in told}
    devices = {one["device"] for one in told}
    expected = max(1, context.gpu_count)
    is_good = len(places) == rank_count(context) and len(devices) == expected
    return Check(
        "every rank has a device of its own" if context.gpu_count else "every rank is a process",
        is_good,
        f"{rank_count(context)} ranks, {expected} devices",
        f"{len(places)} ranks, {', '.join(sorted(devices))} by {told[0]['backend']}",
    )


def _check_all_reduce(told: tuple[dict[str, Any], ...]) -> Check:
    """1 + 2 + ... + n, exact in float32."""
    expected = sum(range(1, len(told) + 1))
    wrong = [one["sum"] for one in told if one["sum"] != [expected, expected]]
    return Check(
        "all-reduce adds over all ranks",
        not wrong,
        f"lowest and highest are {expected} on each rank",
        f"wrong: {wrong}" if wrong else "they are",
    )


def _check_shares(told: tuple[dict[str, Any], ...], images: int) -> Check:
    """No place of a batch on two ranks, none on no rank."""
    seen = [number for one in told for number in one["seen"]]
    is_good = sorted(seen) == list(range(images))
    actual = f"{len(seen)} shown, {len(set(seen))} different"
    return Check("ranks share the images", is_good, f"each of {images} on one rank", actual)


def _check_in_step(told: tuple[dict[str, Any], ...]) -> Check:
    digests = sorted({one["weights_sha256"] for one in told})
    actual = ", ".join(digest[:12] for digest in digests)
    return Check("all ranks end with the same weights", len(digests) == 1, "bit-equal", actual)


def _bandwidth(told: tuple[dict[str, Any], ...]) -> tuple[Measurement, ...]:
    """The slowest rank's: of a collective all end with the last."""
    found = [one["bus_gigabytes_per_second"] for one in told if "bus_gigabytes_per_second" in one]
    return (
        (Measurement("all-reduce, bus bandwidth", min(found), "GB/s", "higher"),) if found else ()
    )
