"""scikit-learn's digits: 1,797 images of 8 x 8 that ship in the package. No download."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

CLASSES = 10
#: Grey levels of the images run from 0 to 16 (scikit-learn, load_digits).
_WHITE = 16.0


@dataclass(frozen=True)
class Split:
    """Images (n, 1, 8, 8), normalised, and labels, as NumPy arrays."""

    train_images: Any
    train_labels: Any
    validation_images: Any
    validation_labels: Any
    test_images: Any
    test_labels: Any


def load_split(seed: int) -> Split:
    """Return a stratified 60/20/20 split. The mean and spread are the training part's only."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    digits = load_digits()
    images = (digits.images / _WHITE).astype("float32")[:, None, :, :]
    labels = digits.target.astype("int64")
    train_x, rest_x, train_y, rest_y = train_test_split(
        images, labels, test_size=0.4, stratify=labels, random_state=seed
    )
    validation_x, test_x, validation_y, test_y = train_test_split(
        rest_x, rest_y, test_size=0.5, stratify=rest_y, random_state=seed
    )
    mean, spread = train_x.mean(), train_x.std()
    return Split(
        (train_x - mean) / spread,
        train_y,
        (validation_x - mean) / spread,
        validation_y,
        (test_x - mean) / spread,
        test_y,
    )
