"""Case ``preprocess``: digits are loaded, split, normalised, augmented, and reach the device."""

from __future__ import annotations

from typing import Any

import torch
from torch.utils.data import DataLoader, TensorDataset

from deeprig_host.training import data
from deeprig_host.training.cases import CaseContext, CaseResult, judged
from deeprig_host.training.data_checks import data_checks
from deeprig_host.training.evaluation import Check
from deeprig_host.training.pytorch import runtime

#: Processes that load: they hand tensors over in shared memory (/dev/shm), as real training does.
_LOADERS = 2
_BATCH_SAMPLES = 64


def run(context: CaseContext) -> CaseResult:
    """Judge the data, and load it with worker processes onto the device."""
    runtime.make_repeatable(context.seed)
    split = data.load_split(context.seed)
    checks = data_checks(split, context.seed)
    context.emit(0.5, "loading with worker processes")
    return judged((*checks, _check_loading(split.train, context)))


def _check_loading(part: data.Part, context: CaseContext) -> Check:
    batches = _load(part, context.seed)
    there = torch.cat([images.to(context.device) for images, _ in batches])
    labels = torch.cat([labels for _, labels in batches])
    order = _order(batches)
    is_shuffled = order != sorted(order)
    is_whole = sorted(order) == list(range(len(part.labels)))
    is_same = is_whole and bool(
        torch.equal(there.cpu(), torch.from_numpy(part.images)[order])
        and torch.equal(labels[:, 1], torch.from_numpy(part.labels)[order])
    )
    return Check(
        f"{_LOADERS} worker processes load every image once, shuffled, onto the device",
        is_whole and is_same and is_shuffled,
        f"{len(part.labels)} images, bit-equal",
        f"{len(order)} images, shuffled: {is_shuffled}, equal: {is_same}",
    )


def _load(part: data.Part, seed: int) -> list[tuple[Any, Any]]:
    numbered = torch.stack((torch.arange(len(part.labels)), torch.from_numpy(part.labels)), dim=1)
    return list(
        DataLoader(
            TensorDataset(torch.from_numpy(part.images), numbered),
            batch_size=_BATCH_SAMPLES,
            shuffle=True,
            generator=torch.Generator().manual_seed(seed),
            num_workers=_LOADERS,
        )
    )


def _order(batches: list[tuple[Any, Any]]) -> list[int]:
    return [int(number) for _, labels in batches for number in labels[:, 0]]
