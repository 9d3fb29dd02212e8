"""The networks that the cases train, as Keras models that know how to save themselves."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from deeprig_host.training.data import CLASSES

_PIXELS = 8
_MEMORY_NUMBERS = 64


def convolutional(dropout: float, seed: int) -> Any:
    """Return two convolutions, dropout, one linear layer: 6,090 weights.

    Images come as (1, 8, 8); on a CPU convolutions want the channel last. Dropout has a seed of
    its own, so that the state of its random numbers is in the file.
    """
    return keras.Sequential(
        [
            layers.Input((1, _PIXELS, _PIXELS)),
            layers.Permute((2, 3, 1)),
            layers.Conv2D(16, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dropout(dropout, seed=seed),
            layers.Dense(CLASSES),
        ]
    )


def recurrent(dropout: float, seed: int) -> Any:
    """Return an LSTM that reads an image row by row, and a linear layer on what it remembers."""
    return keras.Sequential(
        [
            layers.Input((1, _PIXELS, _PIXELS)),
            layers.Reshape((_PIXELS, _PIXELS)),
            layers.LSTM(_MEMORY_NUMBERS),
            layers.Dropout(dropout, seed=seed),
            layers.Dense(CLASSES),
        ]
    )
