"""What Keras offers to the shared cases (``life.learner.Tools``)."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np

from deeprig_host.training.formulas import adamw_steps
from deeprig_host.training.keras import backend, learner, networks
from deeprig_host.training.keras.backend import full_precision, make_repeatable
from deeprig_host.training.keras.forms import FORMS
from deeprig_host.training.keras.formulas import sgd_steps
from deeprig_host.training.keras.learner import KerasLearner
from deeprig_host.training.keras.loading import load_shuffled
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


def convolutional(recipe: Recipe, seed: int, device: str) -> KerasLearner:
    """Return two convolutions, dropout, one linear layer."""
    with backend.on(device):
        return learner.build(networks.convolutional(recipe.dropout, seed), recipe, device)


def recurrent(recipe: Recipe, seed: int, device: str) -> KerasLearner:
    """Return an LSTM that reads an image row by row, dropout, one linear layer."""
    with backend.on(device):
        return learner.build(networks.recurrent(recipe.dropout, seed), recipe, device)


def optimizer_steps(
    recipe: Recipe, start: Sequence[float], gradients: Sequence[Sequence[float]]
) -> Sequence[float]:
    """Return the weights after the recipe's optimiser saw these gradients."""
    weights = keras.Variable(np.array(start, dtype="float32"))
    optimizer = learner.optimizer_for(recipe)
    for one in gradients:
        optimizer.apply([keras.ops.convert_to_tensor(one, "float32")], [weights])
    return [float(number) for number in keras.ops.convert_to_numpy(weights)]


def expected_steps(optimizer: str) -> Sequence[float]:
    """Keras decays weights apart from the gradient, for SGD as for AdamW."""
    return sgd_steps() if optimizer == "sgd" else adamw_steps()
