"""What parallel training and training by one process are both given: the same batches, in order."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from deeprig_host.training.cases import CaseContext
from deeprig_host.training.data import Part
from deeprig_host.training.device import CPU
from deeprig_host.training.evaluation import Check

LEARNING_RATE = 0.05
_MOMENTUM = 0.9
_FILE = "batches.pt"


def write_batches(part: Part, samples: int, count: int, context: CaseContext) -> None:
    """Write ``count`` batches of so many images: all in an order of the seed, then all again."""
    random = np.random.default_rng(context.seed)
    rounds = -(-samples * count // len(part.labels))
    order = np.concatenate([random.permutation(len(part.labels)) for _ in range(rounds)])
    order = order[: samples * count]
    told = {
        "images": torch.from_numpy(part.images[order]).split(samples),
        "labels": torch.from_numpy(part.labels[order]).split(samples),
    }
    torch.save(told, context.workdir / _FILE)


def read_batches(workdir: Path, device: str) -> Iterator[tuple[Any, Any]]:
    """Return images and labels of each batch, on the device."""
    told = torch.load(workdir / _FILE, map_location=device, weights_only=True)
    return zip(told["images"], told["labels"], strict=True)


def sgd(parameters: Any) -> Any:
    """Return the optimiser: with momentum, so that an error of one step goes on."""
    return torch.optim.SGD(parameters, lr=LEARNING_RATE, momentum=_MOMENTUM)


def train_alone(model: Any, context: CaseContext) -> tuple[float, ...]:
    """Train in this process, and return the loss of each batch."""
    optimizer = sgd(model.parameters())
    losses = []
    for images, labels in read_batches(context.workdir, context.device):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    return tuple(losses)


def save_weights(weights: Any, path: Path) -> None:
    """Write named weights as they are on the CPU."""
    torch.save({name: one.detach().cpu().clone() for name, one in weights.items()}, path)


def weights_sha256(model: Any) -> str:
    """Return the digest of all weights, bit by bit."""
    digest = hashlib.sha256()
    for one in model.state_dict().values():
        digest.update(one.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def check_as_alone(alone: Any, parallel: Any, start: Any, device: str) -> Check:
    """The weights are those of one process, and not those before training.

    Differences are measured by how far training moved: a small step with a large error is found.
    On the CPU 1e-7 to 5e-7 of it were measured, by sums in another order; a GPU may take TF32.
    """
    moved = max(float((alone[name] - start[name]).abs().max()) for name in alone)
    off = (
        max(float((alone[name] - parallel[name]).abs().max()) for name in alone)
        if alone.keys() == parallel.keys()
        else float("inf")
    )
    most = 1e-4 if device == CPU else 2e-2
    return Check(
        "the same weights as by one process",
        moved > 0 and off <= most * moved,
        f"within {most:g} of how far training moved them",
        f"{off:.1e} off, moved {moved:.1e}",
    )


def check_losses_fall(losses: tuple[float, ...]) -> Check:
    """The last three batches' mean loss is below half of the first's: something was learned."""
    last = sum(losses[-3:]) / 3
    is_good = len(losses) > 3 and last < losses[0] / 2
    return Check("loss falls", is_good, "below half of the first", f"{losses[0]:.3f} to {last:.3f}")
