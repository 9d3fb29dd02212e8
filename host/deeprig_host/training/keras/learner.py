"""Training, prediction, saving and loading with Keras' own means: compile, fit, predict, save."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np

from deeprig_host.training import formulas
from deeprig_host.training.keras import backend
from deeprig_host.training.life.recipe import MOMENTUM, Recipe

MODEL = "model.keras"
_CHECKPOINT = "checkpoint.keras"
_RANDOM = "random.npz"
#: Every step changes it, whatever is learned (keras.random.SeedGenerator).
_SEED_STATE = "seed_generator_state"


class KerasLearner:
    """Owns a compiled model on its device."""

    def __init__(self, model: Any, device: str) -> None:
        self.model = model
        self._device = device

    def train_epoch(self, images: Any, labels: Any, batch_samples: int) -> None:
        """Keras' own loop; the order is ours, so Keras does not shuffle."""
        with backend.on(self._device):
            data = backend.batches(images, labels, batch_samples)
            self.model.fit(**data, epochs=1, shuffle=False, verbose=0)

    def logits(self, images: Any) -> Any:
        """Return float32 NumPy (n, 10), with dropout off.

        All images are one batch: ``predict`` would make a data set of it, which on TensorFlow
        takes as long as an epoch.
        """
        with backend.on(self._device):
            return self.model.predict_on_batch(images)

    def logits_in_training(self, images: Any) -> Any:
        """Return the same with dropout on."""
        with backend.on(self._device):
            return np.array(keras.ops.convert_to_numpy(self.model(images, training=True)))

    def weights(self) -> dict[str, Any]:
        """Return a copy of all weights: a layer that someone froze is to be seen as such."""
        return _arrays(_trained(self.model))

    def set_weights(self, weights: Mapping[str, Any]) -> None:
        """Put weights in; the optimiser keeps its memory."""
        for name, one in _trained(self.model).items():
            one.assign(weights[name])

    def place(self) -> str:
        """Return where the weights really are."""
        return backend.place(self.model)

    def save(self, workdir: Path) -> None:
        """Write the whole model: network, weights, optimiser."""
        self.model.save(workdir / MODEL)

    def save_checkpoint(self, workdir: Path) -> None:
        """Write the whole model, with the optimiser's memory, and the state of dropout.

        A model's file has the generators of dropout, but not where they are (Keras 3.15).
        """
        self.model.save(workdir / _CHECKPOINT)
        np.savez(workdir / _RANDOM, **_arrays(_random(self.model)))

    def load_checkpoint(self, workdir: Path) -> None:
        """Go on with what is in the files, the network too."""
        self.model = load(workdir, self._device, _CHECKPOINT).model
        with np.load(workdir / _RANDOM, allow_pickle=False) as states:
            for name, one in _random(self.model).items():
                one.assign(states[name])


def build(model: Any, recipe: Recipe, device: str) -> KerasLearner:
    """Return a learner with the recipe's optimiser."""
    model.compile(
        optimizer=optimizer_for(recipe),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    backend.prepare(model)
    return KerasLearner(model, device)


def load(workdir: Path, device: str, file: str = MODEL) -> KerasLearner:
    """Return what was saved. ``safe_mode`` (the default) runs no code from the file."""
    with backend.on(device):
        return KerasLearner(keras.models.load_model(workdir / file), device)


def optimizer_for(recipe: Recipe) -> Any:
    """Return the optimiser of a recipe. Raise KeyError for a name that is none."""
    rates = {"learning_rate": recipe.learning_rate, "weight_decay": recipe.weight_decay}
    if recipe.optimizer == "sgd":
        return keras.optimizers.SGD(momentum=MOMENTUM, **rates)
    if recipe.optimizer == "adam":
        return keras.optimizers.AdamW(epsilon=formulas.EPSILON, **rates)
    raise KeyError(recipe.optimizer)


def _trained(model: Any) -> dict[str, Any]:
    """Return all weights but the state of random numbers."""
    return {name: one for name, one in _variables(model).items() if one.name != _SEED_STATE}


def _random(model: Any) -> dict[str, Any]:
    """Return the state of random numbers: dropout's."""
    return {name: one for name, one in _variables(model).items() if one.name == _SEED_STATE}


def _variables(model: Any) -> dict[str, Any]:
    """Return variables by their place in the model; Keras' paths change when it is loaded again."""
    return {
        f"{number} {type(layer).__name__}/{one.name}": one
        for number, layer in enumerate(model.layers)
        for one in layer.variables
    }


def _arrays(variables: Mapping[str, Any]) -> dict[str, Any]:
    """Return copies."""
    return {name: np.array(keras.ops.convert_to_numpy(one)) for name, one in variables.items()}
