"""Training, prediction, saving and loading by ``tf.data``, ``tf.function``, ``tf.train``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from deeprig_host.training.device import CPU
from deeprig_host.training.life.recipe import Recipe
from deeprig_host.training.tensorflow import networks, runtime
from deeprig_host.training.tensorflow.networks import Network
from deeprig_host.training.tensorflow.optimizers import optimizer_for

_MODEL = "model"
_CHECKPOINT = "checkpoint"
IMAGES = tf.TensorSpec((None, 1, 8, 8), tf.float32)
_LABELS = tf.TensorSpec((None,), tf.int64)


class TensorFlowLearner(tf.Module):  # type: ignore[misc]  # not there where types are checked
    """Owns variables, the optimiser and what dropout draws from, on one device."""

    def __init__(self, network: Network, recipe: Recipe, seed: int, device: str) -> None:
        super().__init__()
        self._network, self._recipe, self._device = network, recipe, device
        with runtime.on(device):
            self.params = network.initial(seed % 2**31)
            self._optimizer = optimizer_for(recipe, list(self.params.values()))
        # Whole numbers of 32 bits live on the CPU, as TensorFlow itself places them.
        with runtime.on(CPU):
            self._dropout = tf.Variable((seed % 2**31, 0), trainable=False, dtype=tf.int32)
        self._step = tf.function(self._step_once, input_signature=(IMAGES, _LABELS))
        self.predict = tf.function(self._predict, input_signature=(IMAGES,))

    def train_epoch(self, images: Any, labels: Any, batch_samples: int) -> None:
        """One compiled step per batch, loaded ahead by ``tf.data``."""
        pairs = tf.data.Dataset.from_tensor_slices((images, labels))
        for batch in pairs.batch(batch_samples).prefetch(tf.data.AUTOTUNE):
            with runtime.on(self._device):
                self._step(*batch)

    def logits(self, images: Any) -> Any:
        """Return float32 NumPy (n, 10), with dropout off."""
        with runtime.on(self._device):
            return self.predict(tf.constant(images)).numpy()

    def logits_in_training(self, images: Any) -> Any:
        """Return the same with dropout on."""
        with runtime.on(self._device):
            return self._with_dropout(tf.constant(images)).numpy()

    def weights(self) -> dict[str, Any]:
        """Return a copy of all weights."""
        return {name: np.array(one) for name, one in self.params.items()}

    def set_weights(self, weights: Mapping[str, Any]) -> None:
        """Put weights in; the optimiser keeps its memory."""
        for name, one in self.params.items():
            one.assign(weights[name])

    def place(self) -> str:
        """Return where the weights really are."""
        return runtime.place(next(iter(self.params.values())))

    def save(self, workdir: Path) -> None:
        """Write the weights."""
        _weights_of(self).write(str(workdir / _MODEL))

    def save_checkpoint(self, workdir: Path) -> None:
        """Write weights, the optimiser's memory and the state of dropout."""
        tf.train.Checkpoint(all=self).write(str(workdir / _CHECKPOINT))

    def load_checkpoint(self, workdir: Path) -> None:
        """Read what ``save_checkpoint`` wrote, all of it."""
        told = tf.train.Checkpoint(all=self).read(str(workdir / _CHECKPOINT))
        told.assert_existing_objects_matched()

    def _step_once(self, images: Any, labels: Any) -> None:
        with tf.GradientTape() as tape:
            told = self._with_dropout(images)
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, told)
            loss = tf.reduce_mean(losses)
        weights = list(self.params.values())
        self._optimizer.step(tape.gradient(loss, weights), weights)

    def _with_dropout(self, images: Any) -> Any:
        seed = self._dropout.assign_add((0, 1))
        dropout = self._recipe.dropout
        return networks.logits_with_dropout(self._network, self.params, images, dropout, seed)

    def _predict(self, images: Any) -> Any:
        return networks.logits(self._network, self.params, images)


def load(workdir: Path, device: str) -> TensorFlowLearner:
    """Return a learner of the convolutional network with what was saved, all of it."""
    learner = TensorFlowLearner(networks.CONVOLUTIONAL, Recipe(0), 0, device)
    _weights_of(learner).read(str(workdir / _MODEL)).assert_consumed()
    return learner


def _weights_of(learner: TensorFlowLearner) -> Any:
    return tf.train.Checkpoint(params=learner.params)
