"""Images through Keras' own loading: a ``PyDataset`` with worker threads, onto the device, back."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from deeprig_host.training.keras import backend

_LOADERS = 2


class _Shuffled(keras.utils.PyDataset):  # type: ignore[misc]  # keras is not there for types
    """Batches of images and their numbers."""

    def __init__(self, images: Any, order: Any, batch_samples: int) -> None:
        super().__init__(workers=_LOADERS, use_multiprocessing=False)
        self._images, self._order, self._samples = images, order, batch_samples

    def __len__(self) -> int:
        return -(-len(self._order) // self._samples)

    def __getitem__(self, number: int) -> tuple[tuple[Any, Any]]:
        chosen = self._order[number * self._samples : (number + 1) * self._samples]
        return ((self._images[chosen], chosen[:, None].astype("float32")),)


def load_shuffled(images: Any, batch_samples: int, seed: int, device: str) -> tuple[Any, Any]:
    """Return the images as they came through a model that changes nothing, and their numbers."""
    order = np.random.default_rng(seed).permutation(len(images))
    with backend.on(device):
        inputs = [keras.Input(images.shape[1:]), keras.Input((1,))]
        same = keras.Model(inputs, [keras.layers.Identity()(one) for one in inputs])
        came, numbers = same.predict(_Shuffled(images, order, batch_samples), verbose=0)
    return came, numbers[:, 0]
