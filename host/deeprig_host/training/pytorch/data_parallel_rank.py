"""What each rank of ``data_parallel`` does."""

from __future__ import annotations

import os
from typing import Any

import torch
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel

from deeprig_host.training.pytorch import batches, networks, timing
from deeprig_host.training.pytorch.rank import Rank

_NUMBERS = 64 * 1024 * 1024
_FEW_NUMBERS = 1024 * 1024


def work(rank: Rank) -> dict[str, Any]:
    """Train on this rank's share of every batch; the first rank writes the weights."""
    model = _model(rank)
    optimizer = batches.sgd(model.parameters())
    seen: list[int] = []
    for number, (images, labels) in enumerate(batches.read_batches(rank.workdir, rank.device)):
        share = torch.arange(len(labels))[rank.number :: rank.count]
        seen += (share + number * len(labels)).tolist()
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(images[share]), labels[share]).backward()
        optimizer.step()
    if rank.number == 0:
        batches.save_weights(model.module.state_dict(), rank.workdir / "weights.pt")
    return {
        "device": rank.device,
        "process": os.getpid(),
        "backend": distributed.get_backend(),
        "seen": seen,
        "weights_sha256": batches.weights_sha256(model.module),
        **_all_reduce(rank),
    }


def _model(rank: Rank) -> Any:
    """Each rank begins with other weights: that all begin as the first is proven with it."""
    torch.manual_seed(rank.seed + rank.number)
    model = networks.convolutional(dropout=0.0).to(rank.device)
    ids = None if rank.device == "cpu" else [rank.number]
    return DistributedDataParallel(model, device_ids=ids)


def _all_reduce(rank: Rank) -> dict[str, Any]:
    """Add over all ranks, and time it where it means something: between GPUs.

    Bus bandwidth as nccl-tests define it (its PERFORMANCE.md): 2 (n - 1) / n of the size, over the
    time, which can be compared with the speed of the links whatever the number of ranks.
    """
    is_gpu = rank.device != "cpu"
    numbers = torch.full((_NUMBERS if is_gpu else _FEW_NUMBERS,), 1.0 + rank.number)
    numbers = numbers.to(rank.device)
    distributed.all_reduce(numbers)
    told: dict[str, Any] = {"sum": [float(numbers.min()), float(numbers.max())]}
    if is_gpu:
        numbers.zero_()
        seconds = timing.gpu_seconds(lambda: distributed.all_reduce(numbers), rank.device)
        size = numbers.numel() * numbers.element_size() * 2 * (rank.count - 1) / rank.count
        told["bus_gigabytes_per_second"] = size / seconds / 1e9
    return told
