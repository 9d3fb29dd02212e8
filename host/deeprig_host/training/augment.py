"""Augmentation and other shapes of the digits, in NumPy, so that every framework sees the same."""

from __future__ import annotations

from typing import Any

from deeprig_host.training.data import Part

#: A digit may lie one pixel off its place; further, strokes would leave an image of 8 x 8.
_LARGEST_SHIFT_PIXELS = 1


def shifted(images: Any, random: Any, background: float) -> Any:
    """Return each image moved by up to a pixel in both directions; what comes in is background.

    ``random`` is NumPy's generator: the same state gives the same images.
    """
    import numpy as np

    most = _LARGEST_SHIFT_PIXELS
    count, _, height, width = images.shape
    border = ((0, 0), (0, 0), (most, most), (most, most))
    padded = np.pad(images, border, constant_values=background)
    down, right = random.integers(0, 2 * most + 1, size=(2, count))
    rows = np.arange(height)[None, :, None] + down[:, None, None]
    columns = np.arange(width)[None, None, :] + right[:, None, None]
    return padded[np.arange(count)[:, None, None], 0, rows, columns][:, None, :, :]


def background_of(part: Part) -> float:
    """Return the number that black has become by normalising: every part has black corners."""
    return float(part.images.min())


def rows_as_steps(images: Any) -> Any:
    """Return (n, 8, 8): each image as a sequence of its rows, for a recurrent network."""
    return images[:, 0, :, :]
