"""Train a small convolutional network with PyTorch."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from deeprig_host.training.data import CLASSES, Part, Split
from deeprig_host.training.device import Cuda
from deeprig_host.training.framework import Plan, Trained
from deeprig_host.training.outputs import Outputs

_BATCH_SAMPLES = 64
_LEARNING_RATE = 3e-3
_WEIGHT_DECAY = 1e-3
_DROPOUT = 0.2
_MODEL = "model.pt"


def version() -> str:
    """Return the framework's version."""
    return str(torch.__version__)


def cuda() -> Cuda:
    """Return what PyTorch sees of CUDA, with its own words where it sees none."""
    is_available = bool(torch.cuda.is_available())
    count = int(torch.cuda.device_count())
    if not is_available:
        return Cuda(torch.version.cuda, is_available, count, error=_initialisation_error())
    names = tuple(str(torch.cuda.get_device_name(index)) for index in range(count))
    return Cuda(torch.version.cuda, is_available, count, names)


def train(split: Split, plan: Plan) -> Trained:
    """Train with dropout and weight decay, and save the weights to ``plan.workdir``."""
    _make_repeatable(plan.seed)
    device = torch.device(plan.device)
    model = build().to(device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=_LEARNING_RATE, weight_decay=_WEIGHT_DECAY)
    order = np.random.default_rng(plan.seed)
    losses = [_losses(model, split)]
    for _ in range(plan.epochs):
        _train_epoch(model, optimizer, split.train, order)
        losses.append(_losses(model, split))
    torch.save(model.state_dict(), plan.workdir / _MODEL)
    return Trained(
        device=_place(model),
        train_losses=tuple(train_loss for train_loss, _ in losses),
        validation_losses=tuple(validation_loss for _, validation_loss in losses),
        validation_outputs=_outputs(model, split.validation.images),
        test_outputs=_outputs(model, split.test.images),
    )


def predict_saved(images: Any, workdir: Path, device: str) -> Outputs:
    """Load the weights into a new network and predict."""
    _make_repeatable(seed=0)
    state = torch.load(workdir / _MODEL, map_location=device, weights_only=True)
    model = build().to(device)
    model.load_state_dict(state)
    return _outputs(model, images)


def build() -> Any:
    """Return the network: two convolutions, dropout, one linear layer."""
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Dropout(_DROPOUT),
        nn.Linear(32 * 2 * 2, CLASSES),
    )


def _train_epoch(model: Any, optimizer: Any, part: Part, order: Any) -> None:
    model.train()
    device = next(model.parameters()).device
    shuffled = order.permutation(len(part.labels))
    for start in range(0, len(shuffled), _BATCH_SAMPLES):
        batch = shuffled[start : start + _BATCH_SAMPLES]
        images = torch.from_numpy(part.images[batch]).to(device)
        labels = torch.from_numpy(part.labels[batch]).to(device)
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(images), labels).backward()
        optimizer.step()


def _losses(model: Any, split: Split) -> tuple[float, float]:
    return _loss(model, split.train), _loss(model, split.validation)


def _loss(model: Any, part: Part) -> float:
    labels = torch.from_numpy(part.labels)
    return float(nn.functional.cross_entropy(_logits(model, part.images), labels))


def _outputs(model: Any, images: Any) -> Outputs:
    return Outputs(_logits(model, images).numpy().tobytes(), CLASSES)


def _logits(model: Any, images: Any) -> Any:
    """Return the float32 outputs on the CPU, with dropout off."""
    model.eval()
    with torch.no_grad():
        return model(torch.from_numpy(images).to(next(model.parameters()).device)).float().cpu()


def _make_repeatable(seed: int) -> None:
    """Seed every generator and choose algorithms that give the same bits again.

    PyTorch's notes on reproducibility: cuBLAS needs a fixed workspace, set before its first use;
    ``warn_only`` because a missing deterministic kernel of the backward pass is no reason to
    fail: what must be bit-equal here is prediction.
    """
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    random.seed(seed)
    torch.manual_seed(seed)
    torch.backends.cudnn.benchmark = False
    torch.use_deterministic_algorithms(True, warn_only=True)


def _initialisation_error() -> str:
    """Return why CUDA does not start, in one line; AssertionError is a build without it."""
    try:
        torch.cuda.init()
    except (RuntimeError, AssertionError) as problem:
        return " ".join(str(problem).split())
    return ""


def _place(model: Any) -> str:
    """Return where the weights really are, and of a GPU its model."""
    device = next(model.parameters()).device
    return f"{device} {torch.cuda.get_device_name(device)}" if device.type == "cuda" else "cpu"
