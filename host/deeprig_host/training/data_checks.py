"""What the data must be before anything is trained with it."""

from __future__ import annotations

import hashlib
from typing import Any

from deeprig_host.training import augment, data
from deeprig_host.training.evaluation import Check
from deeprig_host.training.scores import image_bytes

#: Of the 1,797 images (grey levels as bytes) and then their labels: scikit-learn 1.9.1's, which is
#: the test set of the UCI "Optical Recognition of Handwritten Digits".
DIGITS_SHA256 = "87ff0c9e40dc7e2c0e34e7257799c2e3f3aec1a016363bb11cad869ec428a826"
#: A class of about 180 images in three parts: rounding moves one image.
_LARGEST_CLASS_SHARE_DIFFERENCE = 0.01
#: float32 sums over 69,000 pixels.
_NORMAL_TOLERANCE = 1e-3


def data_checks(split: data.Split, seed: int) -> tuple[Check, ...]:
    """Return the checks of loading, splitting, normalising and augmenting."""
    return (
        _check_digest(),
        _check_sizes(split),
        _check_disjoint(split),
        _check_stratified(split),
        _check_normalised(split.train.images),
        *_augmentation_checks(split.train, seed),
    )


def _check_digest() -> Check:
    from sklearn.datasets import load_digits

    digits = load_digits()
    raw = digits.images.astype("uint8").tobytes() + digits.target.astype("uint8").tobytes()
    digest = hashlib.sha256(raw).hexdigest()
    name = "the digits are the known 1,797"
    return Check(name, digest == DIGITS_SHA256, DIGITS_SHA256[:12], digest[:12])


def _check_sizes(split: data.Split) -> Check:
    parts = (split.train, split.validation, split.test)
    sizes = tuple(len(part.labels) for part in parts)
    shapes = {tuple(part.images.shape[1:]) for part in parts}
    is_good = sizes == (1078, 359, 360) and shapes == {(1, 8, 8)}
    actual = f"{sizes} of {sorted(shapes)}"
    return Check("three parts of images", is_good, "1078, 359, 360 of (1, 8, 8)", actual)


def _check_disjoint(split: data.Split) -> Check:
    train, validation, test = map(image_bytes, (split.train, split.validation, split.test))
    shared = len(train & test) + len(train & validation) + len(validation & test)
    name = "no image is in two parts"
    return Check(name, shared == 0, "0 in two parts", f"{shared} in two parts")


def _check_stratified(split: data.Split) -> Check:
    import numpy as np

    shares = [
        np.bincount(part.labels, minlength=data.CLASSES) / len(part.labels)
        for part in (split.train, split.validation, split.test)
    ]
    worst = float(max(np.abs(shares[0] - other).max() for other in shares[1:]))
    bound = _LARGEST_CLASS_SHARE_DIFFERENCE
    name = "each part has each class in the same share"
    return Check(name, worst <= bound, f"shares differ by <= {bound:g}", f"{worst:.4f}")


def _check_normalised(images: Any) -> Check:
    mean, spread = float(images.mean()), float(images.std())
    is_good = abs(mean) <= _NORMAL_TOLERANCE and abs(spread - 1) <= _NORMAL_TOLERANCE
    return Check("normalised", is_good, "mean 0, spread 1", f"mean {mean:.4f}, spread {spread:.4f}")


def _augmentation_checks(part: data.Part, seed: int) -> tuple[Check, ...]:
    import numpy as np

    background = augment.background_of(part)
    images = part.images
    once = augment.shifted(images, np.random.default_rng(seed), background)
    again = augment.shifted(images, np.random.default_rng(seed), background)
    is_kept = (once.shape, once.dtype) == (images.shape, images.dtype)
    changed = float((once != images).any(axis=(1, 2, 3)).mean())
    shifts = _shifts(images, once)
    repeats = int((once == again).all(axis=(1, 2, 3)).sum())
    count = len(images)
    return (
        Check("augmented images keep their shape", is_kept, str(images.shape), str(once.shape)),
        # One of nine shifts is none at all.
        Check("augmentation changes images", 0.8 < changed < 0.97, "8 of 9", f"{changed:.3f}"),
        Check("augmentation only shifts", shifts == count, f"{count} by <= 1 pixel", str(shifts)),
        Check("augmentation repeats itself", repeats == count, f"{count} equal", str(repeats)),
    )


def _shifts(images: Any, moved: Any) -> int:
    """Count the moved images whose middle 6 x 6 is some 6 x 6 of the original."""
    import numpy as np

    middle = moved[:, :, 1:7, 1:7]
    windows = [images[:, :, y : y + 6, x : x + 6] for y in range(3) for x in range(3)]
    same = [(middle == window).all(axis=(1, 2, 3)) for window in windows]
    return int(np.any(same, axis=0).sum())
