"""What TensorFlow offers to the shared cases (``life.learner.Tools``)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from deeprig_host.training import formulas
from deeprig_host.training.life.recipe import Recipe
from deeprig_host.training.tensorflow import networks, runtime
from deeprig_host.training.tensorflow.forms import FORMS
from deeprig_host.training.tensorflow.learner import TensorFlowLearner
from deeprig_host.training.tensorflow.optimizers import optimizer_for
from deeprig_host.training.tensorflow.runtime import full_precision, make_repeatable

__all__ = (
    "FORMS",
    "convolutional",
    "expected_steps",
    "full_precision",
    "load_shuffled",
    "make_repeatable",
    "optimizer_steps",
    "recurrent",
)


def convolutional(recipe: Recipe, seed: int, device: str) -> TensorFlowLearner:
    """Return two convolutions, dropout, one linear layer."""
    return TensorFlowLearner(networks.CONVOLUTIONAL, recipe, seed, device)


def recurrent(recipe: Recipe, seed: int, device: str) -> TensorFlowLearner:
    """Return an LSTM that reads an image row by row, dropout, one linear layer."""
    return TensorFlowLearner(networks.RECURRENT, recipe, seed, device)


def optimizer_steps(
    recipe: Recipe, start: Sequence[float], gradients: Sequence[Sequence[float]]
) -> Sequence[float]:
    """Return the weights after the recipe's optimiser saw these gradients."""
    weights = [tf.Variable(start, dtype=tf.float32)]
    optimizer = optimizer_for(recipe, weights)
    for one in gradients:
        optimizer.step([tf.constant(one, dtype=tf.float32)], weights)
    return [float(number) for number in weights[0].numpy()]


def expected_steps(optimizer: str) -> Sequence[float]:
    """Weight decay is PyTorch's: of SGD it is added to the gradient."""
    return formulas.sgd_steps() if optimizer == "sgd" else formulas.adamw_steps()


def load_shuffled(images: Any, batch_samples: int, seed: int, device: str) -> tuple[Any, Any]:
    """Load by ``tf.data``: shuffled, mapped in parallel, batched, ahead; onto the device, back."""
    count = len(images)
    pairs = tf.data.Dataset.from_tensor_slices((images, np.arange(count)))
    shuffled = pairs.shuffle(count, seed=seed).map(_same, num_parallel_calls=tf.data.AUTOTUNE)
    came, numbers = [], []
    for batch, order in shuffled.batch(batch_samples).prefetch(tf.data.AUTOTUNE):
        with runtime.on(device):
            came.append(tf.identity(batch).numpy())
        numbers.append(order.numpy())
    return np.concatenate(came), np.concatenate(numbers)


def _same(image: Any, number: Any) -> tuple[Any, Any]:
    return image, number
