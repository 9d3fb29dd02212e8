"""How well a part of the data was predicted, and whether that part proves anything."""

from __future__ import annotations

from dataclasses import dataclass

from deeprig_host.training.cases import Measurement
from deeprig_host.training.data import CLASSES, Part, Split
from deeprig_host.training.evaluation import Check
from deeprig_host.training.metrics import (
    Matrix,
    accuracy,
    confusion_matrix,
    macro_f1,
    macro_recall,
)
from deeprig_host.training.outputs import Outputs


@dataclass(frozen=True, slots=True)
class Scores:
    """Of one part: the counts and what follows from them. ``seen`` counts images of training."""

    confusion: Matrix
    accuracy: float
    macro_recall: float
    macro_f1: float
    samples: int
    seen: int

    def metrics(self) -> dict[str, float]:
        """Return what thresholds are compared with."""
        return {
            "accuracy": self.accuracy,
            "macro_recall": self.macro_recall,
            "macro_f1": self.macro_f1,
        }

    def measurements(self) -> tuple[Measurement, ...]:
        """Return the same as measurements: shares of 1."""
        told = self.metrics().items()
        return tuple(Measurement(name, value, "1", "higher") for name, value in told)

    def check_unseen(self) -> Check:
        """A score proves something only on images that training never saw."""
        return Check(
            "measured on images that training did not see",
            self.samples > 0 and self.seen == 0,
            "none of them in training",
            f"{self.seen} of {self.samples} in training",
        )


def scores_of(split: Split, part: Part, predicted: Outputs) -> Scores:
    """Compare predictions of ``part`` with its labels. Raise ValueError for NaN and for no rows."""
    labels = [int(label) for label in part.labels]
    confusion = confusion_matrix(labels, predicted.labels(), CLASSES)
    trained = image_bytes(split.train)
    return Scores(
        confusion,
        accuracy(confusion),
        macro_recall(confusion),
        macro_f1(confusion),
        samples=len(labels),
        seen=sum(image in trained for image in image_bytes(part)),
    )


def image_bytes(part: Part) -> frozenset[bytes]:
    """Return the images of a part by their bytes: all 1,797 digits differ."""
    return frozenset(image.tobytes() for image in part.images)
