"""The networks that the cases train, in plain JAX: weights are a dictionary of arrays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from deeprig_host.training.data import CLASSES

_PIXELS = 8
_MEMORY_NUMBERS = 64
_FEATURES = 32 * 2 * 2

Params = dict[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """``shapes`` of weights by name, and ``features`` of images that a linear layer reads.

    Compared by identity: what is compiled is kept per network.
    """

    name: str
    shapes: dict[str, tuple[int, ...]]
    features: Callable[[Params, Any], Any]

    def initial(self, seed: int) -> Params:
        """Return weights: uniform, as wide as the inputs allow; biases 0.

        NumPy draws them: by JAX's keys each shape is a program of its own to compile, and those
        took as long as all else that a short training compiles.
        """
        random = np.random.default_rng(seed)
        return {name: _initial(random, shape) for name, shape in self.shapes.items()}


def logits(network: Network, params: Params, images: Any) -> Any:
    """Return logits of images (n, 1, 8, 8), without dropout."""
    return _answer(params, network.features(params, images))


def logits_with_dropout(
    network: Network, params: Params, images: Any, dropout: Any, key: Any
) -> Any:
    """Return logits with each feature dropped in the given share of cases."""
    features = network.features(params, images)
    kept = jax.random.bernoulli(key, 1.0 - dropout, features.shape)
    return _answer(params, jnp.where(kept, features / (1.0 - dropout), 0.0))


def _convolutional(params: Params, images: Any) -> Any:
    first = _pooled(images, params["conv1/kernel"], params["conv1/bias"])
    second = _pooled(first, params["conv2/kernel"], params["conv2/bias"])
    return second.reshape(images.shape[0], _FEATURES)


def _recurrent(params: Params, images: Any) -> Any:
    rows = jnp.swapaxes(images[:, 0], 0, 1)
    start = jnp.zeros((images.shape[0], _MEMORY_NUMBERS))

    def read(state: tuple[Any, Any], row: Any) -> tuple[tuple[Any, Any], None]:
        memory, told = state
        both = row @ params["lstm/kernel"] + told @ params["lstm/recurrent"] + params["lstm/bias"]
        take, forget, new, tell = jnp.split(both, 4, axis=1)
        memory = jax.nn.sigmoid(forget) * memory + jax.nn.sigmoid(take) * jnp.tanh(new)
        return (memory, jax.nn.sigmoid(tell) * jnp.tanh(memory)), None

    (_, told), _ = jax.lax.scan(read, (start, start), rows)
    return told


def _pooled(images: Any, kernel: Any, bias: Any) -> Any:
    found = jax.lax.conv_general_dilated(images, kernel, (1, 1), "SAME")
    found = jax.nn.relu(found + bias[None, :, None, None])
    window = (1, 1, 2, 2)
    return jax.lax.reduce_window(found, -jnp.inf, jax.lax.max, window, window, "VALID")


def _answer(params: Params, features: Any) -> Any:
    return features @ params["answer/kernel"] + params["answer/bias"]


def _initial(random: Any, shape: tuple[int, ...]) -> Any:
    if len(shape) == 1:
        return np.zeros(shape, "float32")
    # A convolution's kernel is (out, in, height, width), a matrix (in, out).
    inputs = shape[1] * shape[2] * shape[3] if len(shape) == 4 else shape[0]
    bound = sqrt(3.0 / inputs)
    return random.uniform(-bound, bound, shape).astype("float32")


CONVOLUTIONAL = Network(
    "convolutional",
    {
        "conv1/kernel": (16, 1, 3, 3),
        "conv1/bias": (16,),
        "conv2/kernel": (32, 16, 3, 3),
        "conv2/bias": (32,),
        "answer/kernel": (_FEATURES, CLASSES),
        "answer/bias": (CLASSES,),
    },
    _convolutional,
)
RECURRENT = Network(
    "recurrent",
    {
        "lstm/kernel": (_PIXELS, 4 * _MEMORY_NUMBERS),
        "lstm/recurrent": (_MEMORY_NUMBERS, 4 * _MEMORY_NUMBERS),
        "lstm/bias": (4 * _MEMORY_NUMBERS,),
        "answer/kernel": (_MEMORY_NUMBERS, CLASSES),
        "answer/bias": (CLASSES,),
    },
    _recurrent,
)
