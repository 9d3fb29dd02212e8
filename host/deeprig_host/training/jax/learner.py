"""Training, prediction, saving and loading in JAX: a compiled step, random numbers from keys."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from deeprig_host.training.jax import networks
from deeprig_host.training.jax.networks import Network
from deeprig_host.training.jax.optimizers import optimizer_for
from deeprig_host.training.jax.runtime import device_of, place
from deeprig_host.training.life.recipe import Recipe

MODEL = "model.npz"
_CHECKPOINT = "checkpoint.npz"


class JaxLearner:
    """Owns weights, the optimiser's memory and the key of dropout, on one device."""

    def __init__(self, network: Network, recipe: Recipe, seed: int, device: str) -> None:
        self.network = network
        self._device = device_of(device)
        self._rates = _rates(recipe)
        start, self._step = _compiled(network, recipe.optimizer)
        with jax.default_device(self._device):
            self.params = self._put(network.initial(seed))
            self.memory = self._put(start(self.params))
            self.key = self._put(jax.random.key(seed + 1))

    def train_epoch(self, images: Any, labels: Any, batch_samples: int) -> None:
        """One compiled step per batch."""
        for start in range(0, len(labels), batch_samples):
            batch = slice(start, start + batch_samples)
            pair = self._put((images[batch], labels[batch]))
            self.params, self.memory, self.key = self._step(
                self.params, self.memory, self.key, *pair, self._rates
            )

    def logits(self, images: Any) -> Any:
        """Return float32 NumPy (n, 10), with dropout off."""
        return np.array(predict_with(self.network, self.params, self._put(images)))

    def logits_in_training(self, images: Any) -> Any:
        """Return the same with dropout on."""
        dropout = self._rates["dropout"]
        told, self.key = predict_in_training(
            self.network, self.params, self._put(images), dropout, self.key
        )
        return np.array(told)

    def weights(self) -> dict[str, Any]:
        """Return a copy of all weights."""
        return {name: np.array(one) for name, one in self.params.items()}

    def set_weights(self, weights: Mapping[str, Any]) -> None:
        """Put weights in; the optimiser keeps its memory."""
        self.params = self._put(dict(weights))

    def place(self) -> str:
        """Return where the weights really are."""
        return place(next(iter(self.params.values())))

    def save(self, workdir: Path) -> None:
        """Write the weights: JAX itself has no format, NumPy's is what its users take."""
        np.savez(workdir / MODEL, **self.weights())

    def save_checkpoint(self, workdir: Path) -> None:
        """Write all leaves of weights, the optimiser's memory and the key."""
        leaves = jax.tree.leaves(self._state())
        np.savez(workdir / _CHECKPOINT, *[np.array(leaf) for leaf in leaves])

    def load_checkpoint(self, workdir: Path) -> None:
        """Read what ``save_checkpoint`` wrote, in the shape that this learner has."""
        shape = jax.tree.structure(self._state())
        with np.load(workdir / _CHECKPOINT, allow_pickle=False) as told:
            leaves = [told[f"arr_{number}"] for number in range(shape.num_leaves)]
        self.params, self.memory, key = self._put(jax.tree.unflatten(shape, leaves))
        self.key = jax.random.wrap_key_data(key)

    def _state(self) -> tuple[Any, Any, Any]:
        return self.params, self.memory, jax.random.key_data(self.key)

    def _put(self, tree: Any) -> Any:
        return jax.device_put(tree, self._device)


def load(workdir: Path, device: str) -> JaxLearner:
    """Return a learner of the convolutional network with what was saved."""
    learner = JaxLearner(networks.CONVOLUTIONAL, Recipe(0), 0, device)
    with np.load(workdir / MODEL, allow_pickle=False) as told:
        learner.set_weights({name: told[name] for name in learner.params})
    return learner


@partial(jax.jit, static_argnums=0)
def predict_with(network: Network, params: Any, images: Any) -> Any:
    """Return the network's logits, compiled once per network and shape."""
    return networks.logits(network, params, images)


@partial(jax.jit, static_argnums=0)
def predict_in_training(
    network: Network, params: Any, images: Any, dropout: Any, key: Any
) -> tuple[Any, Any]:
    """Return the logits with dropout on, and the next key."""
    key, now = jax.random.split(key)
    return networks.logits_with_dropout(network, params, images, dropout, now), key


def _rates(recipe: Recipe) -> dict[str, float]:
    """Return the numbers of a recipe that a step takes as they come, without compiling anew."""
    return {
        "learning_rate": recipe.learning_rate,
        "weight_decay": recipe.weight_decay,
        "dropout": recipe.dropout,
    }


@cache
def _compiled(network: Network, optimizer: str) -> tuple[Any, Any]:
    """Return the optimiser's start and the step: compiling is most of a short training, so both
    are compiled once for all learners of this network and optimiser, whatever their rates."""

    def loss(params: Any, images: Any, labels: Any, dropout: Any, key: Any) -> Any:
        told = networks.logits_with_dropout(network, params, images, dropout, key)
        chosen = jnp.take_along_axis(jax.nn.log_softmax(told), labels[:, None], axis=1)
        return -chosen.mean()

    def step(params: Any, memory: Any, key: Any, images: Any, labels: Any, rates: Any) -> Any:
        key, now = jax.random.split(key)
        gradients = jax.grad(loss)(params, images, labels, rates["dropout"], now)
        recipe = Recipe(0, optimizer=optimizer, **rates)
        return *optimizer_for(recipe).step(gradients, memory, params), key

    return jax.jit(optimizer_for(Recipe(0, optimizer=optimizer)).start), jax.jit(step)
