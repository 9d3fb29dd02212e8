"""Classification metrics in plain Python, so that they can be checked by hand.

Definitions as in scikit-learn's user guide ("Classification metrics"): macro averages give every
class the same weight; a class that was never seen or never predicted counts as 0.
"""

from __future__ import annotations

from collections.abc import Sequence

#: Counts: row = actual class, column = predicted class.
Matrix = tuple[tuple[int, ...], ...]


def confusion_matrix(actual: Sequence[int], predicted: Sequence[int], classes: int) -> Matrix:
    """Return the counts. Raise ValueError where lengths differ or a label is out of range."""
    if len(actual) != len(predicted):
        raise ValueError(f"{len(actual)} labels but {len(predicted)} predictions")
    counts = [[0] * classes for _ in range(classes)]
    for truth, guess in zip(actual, predicted, strict=True):
        # A negative index would silently count for the last class.
        if not (0 <= truth < classes and 0 <= guess < classes):
            raise ValueError(f"label {truth} or prediction {guess} is not in 0..{classes - 1}")
        counts[truth][guess] += 1
    return tuple(tuple(row) for row in counts)


def accuracy(matrix: Matrix) -> float:
    """Return the share of right predictions, 0 to 1. Raise ValueError for no predictions."""
    total = sum(sum(row) for row in matrix)
    if total == 0:
        raise ValueError("there is nothing to measure: no predictions")
    return sum(matrix[i][i] for i in range(len(matrix))) / total


def macro_recall(matrix: Matrix) -> float:
    """Return the mean over classes of right predictions among the class's members."""
    return _mean([_ratio(row[i], sum(row)) for i, row in enumerate(matrix)])


def macro_f1(matrix: Matrix) -> float:
    """Return the mean over classes of the harmonic mean of precision and recall."""
    scores = []
    for i, row in enumerate(matrix):
        predicted = sum(other[i] for other in matrix)
        # 2PR / (P + R) with P = hit/predicted and R = hit/actual is 2 hit / (actual + predicted).
        scores.append(_ratio(2 * row[i], sum(row) + predicted))
    return _mean(scores)


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _mean(values: Sequence[float]) -> float:
    if not values:
        raise ValueError("there are no classes")
    return sum(values) / len(values)
