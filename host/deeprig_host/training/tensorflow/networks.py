"""The networks that the cases train: variables by name, and functions of images."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt
from typing import Any

import tensorflow as tf

from deeprig_host.training.data import CLASSES

_PIXELS = 8
_MEMORY_NUMBERS = 64
_FEATURES = 2 * 2 * 32

Params = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Network:
    """``shapes`` of weights by name, and ``features`` of images that a linear layer reads."""

    name: str
    shapes: dict[str, tuple[int, ...]]
    features: Callable[[Params, Any], Any]

    def initial(self, seed: int) -> Params:
        """Return variables: uniform, as wide as the inputs allow; biases 0."""
        return {
            name: tf.Variable(_initial(shape, (seed, number)), name=name)
            for number, (name, shape) in enumerate(self.shapes.items())
        }


def logits(network: Network, params: Params, images: Any) -> Any:
    """Return logits of images (n, 1, 8, 8), without dropout."""
    return _answer(params, network.features(params, images))


def logits_with_dropout(
    network: Network, params: Params, images: Any, dropout: float, seed: Any
) -> Any:
    """Return logits with features dropped; the same two numbers of ``seed`` drop the same."""
    features = network.features(params, images)
    return _answer(params, tf.nn.experimental.stateless_dropout(features, dropout, seed))


def _convolutional(params: Params, images: Any) -> Any:
    # On a CPU TensorFlow convolves with the channel last alone.
    first = _pooled(
        tf.transpose(images, (0, 2, 3, 1)), params["conv1/kernel"], params["conv1/bias"]
    )
    second = _pooled(first, params["conv2/kernel"], params["conv2/bias"])
    return tf.reshape(second, (-1, _FEATURES))


def _recurrent(params: Params, images: Any) -> Any:
    told = tf.zeros((tf.shape(images)[0], _MEMORY_NUMBERS))
    memory = told
    for row in range(_PIXELS):
        both = images[:, 0, row] @ params["lstm/kernel"] + told @ params["lstm/recurrent"]
        take, forget, new, tell = tf.split(both + params["lstm/bias"], 4, axis=1)
        memory = tf.sigmoid(forget) * memory + tf.sigmoid(take) * tf.tanh(new)
        told = tf.sigmoid(tell) * tf.tanh(memory)
    return told


def _pooled(images: Any, kernel: Any, bias: Any) -> Any:
    found = tf.nn.relu(tf.nn.conv2d(images, kernel, strides=1, padding="SAME") + bias)
    return tf.nn.max_pool2d(found, ksize=2, strides=2, padding="VALID")


def _answer(params: Params, features: Any) -> Any:
    return features @ params["answer/kernel"] + params["answer/bias"]


def _initial(shape: tuple[int, ...], seed: tuple[int, int]) -> Any:
    if len(shape) == 1:
        return tf.zeros(shape)
    # A convolution's kernel is (height, width, in, out), a matrix (in, out).
    inputs = shape[0] * shape[1] * shape[2] if len(shape) == 4 else shape[0]
    bound = sqrt(3.0 / inputs)
    return tf.random.stateless_uniform(shape, seed, -bound, bound)


CONVOLUTIONAL = Network(
    "convolutional",
    {
        "conv1/kernel": (3, 3, 1, 16),
        "conv1/bias": (16,),
        "conv2/kernel": (3, 3, 16, 32),
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
