"""scikit-learn's digits: 1,797 images of 8 x 8 that ship in the package. No download."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

CLASSES = 10
#: Grey levels of the images run from 0 to 16 (scikit-learn, load_digits).
_WHITE = 16.0
_TEST_IMAGES = "test-images.npy"


@dataclass(frozen=True, slots=True)
class Part:
    """Images (n, 1, 8, 8), float32, normalised, and labels (n,), int64: NumPy arrays."""

    images: Any
    labels: Any


@dataclass(frozen=True, slots=True)
class Split:
    """The parts of the data; ``test`` is never seen in training."""

    train: Part
    validation: Part
    test: Part


def load_split(seed: int) -> Split:
    """Return a stratified 60/20/20 split. The mean and spread are the training part's only."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    digits = load_digits()
    images = (digits.images / _WHITE).astype("float32")[:, None, :, :]
    labels = digits.target.astype("int64")
    train_images, rest_images, train_labels, rest_labels = train_test_split(
        images, labels, test_size=0.4, stratify=labels, random_state=seed
    )
    validation_images, test_images, validation_labels, test_labels = train_test_split(
        rest_images, rest_labels, test_size=0.5, stratify=rest_labels, random_state=seed
    )
    mean, spread = train_images.mean(), train_images.std()
    return Split(
        Part((train_images - mean) / spread, train_labels),
        Part((validation_images - mean) / spread, validation_labels),
        Part((test_images - mean) / spread, test_labels),
    )


def save_test_images(images: Any, workdir: Path) -> None:
    """Write the images for the process that predicts again."""
    import numpy as np

    np.save(workdir / _TEST_IMAGES, images, allow_pickle=False)


def load_test_images(workdir: Path) -> Any:
    """Return what ``save_test_images`` wrote."""
    import numpy as np

    return np.load(workdir / _TEST_IMAGES, allow_pickle=False)
