"""Raw outputs of a classifier as float32 bytes, so that two processes can be compared by bit."""

from __future__ import annotations

import hashlib
import math
from array import array
from dataclasses import dataclass

_FLOAT32_BYTES = 4


@dataclass(frozen=True, slots=True)
class Outputs:
    """Logits: float32, native byte order, one row of ``width`` numbers per sample."""

    raw: bytes
    width: int

    def __post_init__(self) -> None:
        """Raise ValueError where the bytes are not whole rows."""
        if self.width < 1 or len(self.raw) % (_FLOAT32_BYTES * self.width):
            raise ValueError(f"{len(self.raw)} bytes are no rows of {self.width} float32 numbers")

    @property
    def samples(self) -> int:
        """Return how many rows there are."""
        return len(self.raw) // (_FLOAT32_BYTES * self.width)

    def rows(self) -> list[list[float]]:
        """Return the numbers, one list per sample."""
        numbers = _numbers(self).tolist()
        return [numbers[at : at + self.width] for at in range(0, len(numbers), self.width)]

    def part(self, start: int, end: int) -> Outputs:
        """Return the rows from ``start`` up to ``end``."""
        bytes_per_row = _FLOAT32_BYTES * self.width
        return Outputs(self.raw[start * bytes_per_row : end * bytes_per_row], self.width)

    def sha256(self) -> str:
        """Return the digest of the bytes, in hexadecimal."""
        return hashlib.sha256(self.raw).hexdigest()

    def labels(self) -> tuple[int, ...]:
        """Return per sample the class of the largest number. Raise ValueError for NaN.

        NaN compares as smaller than nothing and larger than nothing: a label from it is a guess.
        """
        numbers = _numbers(self)
        if any(math.isnan(number) for number in numbers):
            raise ValueError("the network's outputs are not numbers (NaN)")
        rows = (numbers[at : at + self.width] for at in range(0, len(numbers), self.width))
        return tuple(max(range(self.width), key=row.__getitem__) for row in rows)


def max_difference(one: Outputs, other: Outputs) -> float:
    """Return the largest absolute difference; infinite where shapes differ or numbers are NaN."""
    if (len(one.raw), one.width) != (len(other.raw), other.width):
        return math.inf
    pairs = zip(_numbers(one), _numbers(other), strict=True)
    differences = [abs(a - b) for a, b in pairs]
    if any(math.isnan(difference) for difference in differences):
        return math.inf
    return max(differences, default=0.0)


def _numbers(outputs: Outputs) -> array[float]:
    return array("f", outputs.raw)
