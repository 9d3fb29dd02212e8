"""Training: the order of the images, the epochs, and what is seen after each."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from deeprig_host.training import augment
from deeprig_host.training.data import CLASSES, Part, Split
from deeprig_host.training.life.learner import Learner
from deeprig_host.training.life.recipe import Epoch, Recipe, Watch
from deeprig_host.training.outputs import Outputs


def fit(
    learner: Learner, split: Split, recipe: Recipe, seed: int, watch: Watch
) -> tuple[Epoch, ...]:
    """Train the network where it is. Return every epoch, the first before any step."""
    trainer = Trainer(learner, split.train, recipe, seed)
    epochs = [_look(learner, split, 0)]
    is_over = watch(epochs[0])
    while not is_over and len(epochs) <= recipe.epochs:
        begun = time.perf_counter()
        trainer.train_epoch()
        seen = _look(learner, split, len(epochs))
        epochs.append(replace(seen, seconds=time.perf_counter() - begun))
        is_over = watch(epochs[-1])
    return tuple(epochs)


class Trainer:
    """Owns the order in which the images are shown."""

    def __init__(self, learner: Learner, part: Part, recipe: Recipe, seed: int) -> None:
        import numpy as np

        self.learner = learner
        self.random = np.random.default_rng(seed)
        self._part = part
        self._recipe = recipe
        self._background = augment.background_of(part)

    def train_epoch(self) -> None:
        """Show every image once, in a new order."""
        order = self.random.permutation(len(self._part.labels))
        images = self._part.images[order]
        if self._recipe.is_augmented:
            images = augment.shifted(images, self.random, self._background)
        self.learner.train_epoch(images, self._part.labels[order], self._recipe.batch_samples)


def predict(learner: Learner, images: Any) -> Outputs:
    """Return the outputs for all images at once, with dropout off."""
    return outputs_of(learner.logits(images))


def outputs_of(logits: Any) -> Outputs:
    """Return float32 logits (n, 10) as bytes. Raise TypeError for another precision."""
    if str(logits.dtype) != "float32":
        raise TypeError(f"logits are {logits.dtype}, not float32")
    return Outputs(logits.tobytes(), CLASSES)


def loss_of(learner: Learner, part: Part) -> float:
    """Return the mean cross-entropy over a part, with dropout off."""
    return cross_entropy(learner.logits(part.images), part.labels)


def cross_entropy(logits: Any, labels: Any) -> float:
    """Return the mean in float64: what is measured is the network, not the sum of its losses."""
    import numpy as np

    wide = logits.astype("float64")
    most = wide.max(axis=1, keepdims=True)
    sums = np.log(np.exp(wide - most).sum(axis=1)) + most[:, 0]
    return float((sums - wide[np.arange(len(labels)), labels]).mean())


def _look(learner: Learner, split: Split, number: int) -> Epoch:
    logits, labels = learner.logits(split.validation.images), split.validation.labels
    right = float((logits.argmax(axis=1) == labels).mean())
    return Epoch(number, loss_of(learner, split.train), cross_entropy(logits, labels), right)
