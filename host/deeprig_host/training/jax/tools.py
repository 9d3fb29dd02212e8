"""What JAX offers to the shared cases (``life.learner.Tools``)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from deeprig_host.training import formulas
from deeprig_host.training.jax import networks
from deeprig_host.training.jax.forms import FORMS
from deeprig_host.training.jax.learner import JaxLearner
from deeprig_host.training.jax.optimizers import optimizer_for
from deeprig_host.training.jax.runtime import device_of, full_precision, make_repeatable
from deeprig_host.training.life.recipe import Recipe

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


def convolutional(recipe: Recipe, seed: int, device: str) -> JaxLearner:
    """Return two convolutions, dropout, one linear layer."""
    return JaxLearner(networks.CONVOLUTIONAL, recipe, seed, device)


def recurrent(recipe: Recipe, seed: int, device: str) -> JaxLearner:
    """Return an LSTM that reads an image row by row, dropout, one linear layer."""
    return JaxLearner(networks.RECURRENT, recipe, seed, device)


def optimizer_steps(
    recipe: Recipe, start: Sequence[float], gradients: Sequence[Sequence[float]]
) -> Sequence[float]:
    """Return the weights after the recipe's optimiser saw these gradients."""
    optimizer = optimizer_for(recipe)
    weights = {"weights": jnp.array(start, "float32")}
    memory = optimizer.start(weights)
    step = jax.jit(optimizer.step)
    for one in gradients:
        weights, memory = step({"weights": jnp.array(one, "float32")}, memory, weights)
    return [float(number) for number in weights["weights"]]


def expected_steps(optimizer: str) -> Sequence[float]:
    """Weight decay is PyTorch's: of SGD it is added to the gradient."""
    return formulas.sgd_steps() if optimizer == "sgd" else formulas.adamw_steps()


def load_shuffled(images: Any, batch_samples: int, seed: int, device: str) -> tuple[Any, Any]:
    """JAX has no loader: a permutation by its keys, batch by batch onto the device and back."""
    order = np.array(jax.random.permutation(jax.random.key(seed), len(images)))
    batches = [
        np.array(jax.device_put(images[order[at : at + batch_samples]], device_of(device)))
        for at in range(0, len(order), batch_samples)
    ]
    return np.concatenate(batches), order
