"""Training and prediction: what every case of PyTorch does the same way."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import nn

from deeprig_host.training import augment
from deeprig_host.training.data import CLASSES, Part, Split
from deeprig_host.training.life.recipe import MOMENTUM, Epoch, Recipe, Watch
from deeprig_host.training.outputs import Outputs


def fit(model: Any, split: Split, recipe: Recipe, seed: int, watch: Watch) -> tuple[Epoch, ...]:
    """Train the model where it is. Return every epoch, the first before any step."""
    trainer = Trainer(model, split.train, recipe, seed)
    epochs = [_look(model, split, 0)]
    is_over = watch(epochs[0])
    while not is_over and len(epochs) <= recipe.epochs:
        begun = time.perf_counter()
        trainer.train_epoch()
        seen = _look(model, split, len(epochs))
        epochs.append(replace(seen, seconds=time.perf_counter() - begun))
        is_over = watch(epochs[-1])
    return tuple(epochs)


class Trainer:
    """Owns what training goes on with: the optimiser and the order of the images."""

    def __init__(self, model: Any, part: Part, recipe: Recipe, seed: int) -> None:
        self.model = model
        self.optimizer = optimizer_for(model.parameters(), recipe)
        self.random = np.random.default_rng(seed)
        self._part = part
        self._recipe = recipe
        self._background = augment.background_of(part)

    def train_epoch(self) -> None:
        """Show every image once, in a new order."""
        self.model.train()
        shuffled = self.random.permutation(len(self._part.labels))
        for start in range(0, len(shuffled), self._recipe.batch_samples):
            self._step(shuffled[start : start + self._recipe.batch_samples])

    def _step(self, batch: Any) -> None:
        images = self._part.images[batch]
        if self._recipe.is_augmented:
            images = augment.shifted(images, self.random, self._background)
        device = device_of(self.model)
        labels = torch.from_numpy(self._part.labels[batch]).to(device)
        self.optimizer.zero_grad()
        logits = self.model(torch.from_numpy(images).to(device))
        nn.functional.cross_entropy(logits, labels).backward()
        self.optimizer.step()


def optimizer_for(parameters: Any, recipe: Recipe) -> Any:
    """Return the optimiser of a recipe. Raise KeyError for a name that is none."""
    optimizers = {"adam": torch.optim.AdamW, "sgd": torch.optim.SGD}
    more = {"momentum": MOMENTUM} if recipe.optimizer == "sgd" else {}
    return optimizers[recipe.optimizer](
        parameters, lr=recipe.learning_rate, weight_decay=recipe.weight_decay, **more
    )


def predict(model: Any, images: Any) -> Outputs:
    """Return the outputs for all images at once, with dropout off."""
    return Outputs(logits(model, images).numpy().tobytes(), CLASSES)


def logits(model: Any, images: Any) -> Any:
    """Return the float32 outputs on the CPU, with dropout off."""
    model.eval()
    with torch.no_grad():
        return model(torch.from_numpy(images).to(device_of(model))).float().cpu()


def loss_of(model: Any, part: Part) -> float:
    """Return the mean cross-entropy over a part, with dropout off."""
    return _loss(logits(model, part.images), part)


def device_of(model: Any) -> Any:
    """Return where the weights are."""
    return next(model.parameters()).device


def _look(model: Any, split: Split, number: int) -> Epoch:
    validation = logits(model, split.validation.images)
    right = (validation.argmax(dim=1).numpy() == split.validation.labels).mean()
    loss = loss_of(model, split.train)
    return Epoch(number, loss, _loss(validation, split.validation), float(right))


def _loss(outputs: Any, part: Part) -> float:
    return float(nn.functional.cross_entropy(outputs, torch.from_numpy(part.labels)))
