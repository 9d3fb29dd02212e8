"""Training with autocast to a number format of fewer bits, and how it compares with float32."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from deeprig_host.training import data
from deeprig_host.training.cases import CaseContext
from deeprig_host.training.data import CLASSES, Split
from deeprig_host.training.evaluation import Check
from deeprig_host.training.life.recipe import Recipe
from deeprig_host.training.outputs import Outputs
from deeprig_host.training.pytorch import learning, networks, runtime
from deeprig_host.training.scores import Scores, scores_of

RECIPE = Recipe(epochs=15)
#: 18 of the 360 images of the test part. Two trainings of the same quality differ by chance: one
#: standard deviation of such a difference is 0.01. Measured: see thresholds.py.
_QUALITY_TOLERANCE = 0.05


@dataclass(frozen=True, slots=True)
class Mixed:
    """A training with autocast: how well it predicts, its losses, and the network."""

    model: Any
    split: Split
    scores: Scores
    losses: tuple[float, ...]

    def metrics(self) -> dict[str, float]:
        """Return what thresholds are compared with."""
        ratio = self.losses[-1] / self.losses[0] if self.losses[0] > 0 else float("inf")
        return self.scores.metrics() | {"loss_ratio": ratio}


def train(context: CaseContext, kind: Any, scaler: Any) -> Mixed:
    """Train in ``kind`` where autocast allows it (None: float32), the loss scaled by ``scaler``."""
    runtime.make_repeatable(context.seed)
    split = data.load_split(context.seed)
    model = networks.convolutional().to(context.device)
    optimizer = learning.optimizer_for(model.parameters(), RECIPE)
    random = np.random.default_rng(context.seed)
    losses = [learning.loss_of(model, split.train)]
    for number in range(RECIPE.epochs):
        model.train()
        for batch in _batches(split, random, context.device):
            optimizer.zero_grad()
            with autocast(context.device, kind):
                loss = nn.functional.cross_entropy(model(batch[0]), batch[1])
            scaler.scale(loss).backward()
            scaler.step(optimizer)
            scaler.update()
        losses.append(learning.loss_of(model, split.train))
        context.emit(0.4 * (number + 1) / RECIPE.epochs, f"{kind}: loss {losses[-1]:.3f}")
    outputs = _predict(model, split.test.images, context.device, kind)
    return Mixed(model, split, scores_of(split, split.test, outputs), tuple(losses))


def autocast(device: str, kind: Any) -> Any:
    """Return PyTorch's autocast, off where ``kind`` is None."""
    return torch.autocast(torch.device(device).type, dtype=kind, enabled=kind is not None)


def scaler_for(device: str, is_enabled: bool) -> Any:
    """Return the loss scaling: ``torch.amp.GradScaler`` is there since PyTorch 2.3."""
    return torch.amp.GradScaler(torch.device(device).type, enabled=is_enabled)


def _batches(split: Split, random: Any, device: str) -> Any:
    order = random.permutation(len(split.train.labels))
    for start in range(0, len(order), RECIPE.batch_samples):
        batch = order[start : start + RECIPE.batch_samples]
        images = torch.from_numpy(split.train.images[batch]).to(device)
        yield images, torch.from_numpy(split.train.labels[batch]).to(device)


def _predict(model: Any, images: Any, device: str, kind: Any) -> Outputs:
    """Predict in the same format: a model that is good only in float32 was not trained mixed."""
    model.eval()
    with torch.no_grad(), autocast(device, kind):
        logits = model(torch.from_numpy(images).to(device)).float().cpu()
    return Outputs(logits.numpy().tobytes(), CLASSES)


def check_formats(mixed: Mixed, kind: Any, device: str) -> Check:
    """Autocast computes in the format; the weights stay float32."""
    few = torch.from_numpy(mixed.split.test.images[:2]).to(device)
    with torch.no_grad(), autocast(device, kind):
        made = mixed.model(few).dtype
    weights = {one.dtype for one in mixed.model.parameters()}
    return Check(
        "computed in the format, weights kept in float32",
        made == kind and weights == {torch.float32},
        f"{kind}, {torch.float32}",
        f"{made}, {', '.join(sorted(map(str, weights)))}",
    )


def check_quality(mixed: Mixed, plain: Mixed) -> Check:
    """As good as in float32, from the same seed."""
    off = plain.scores.accuracy - mixed.scores.accuracy
    return Check(
        "as good as in float32",
        off <= _QUALITY_TOLERANCE,
        f"accuracy at most {_QUALITY_TOLERANCE:g} lower",
        f"{mixed.scores.accuracy:.4f}, in float32 {plain.scores.accuracy:.4f}",
    )
