"""The values of one pass: what is not known is not there, and nothing is there twice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite

from deeprig_host.metrics.metric import Metric

#: No label is longer: names come from cards and files.
_LABEL_CHARACTERS = 120


@dataclass(frozen=True, slots=True)
class Sample:
    """One value of a metric; ``labels`` are the values of its labels, in their order."""

    metric: Metric
    labels: tuple[str, ...]
    value: float


class Samples:
    """Values of metrics, each combination of labels once: the last one told."""

    def __init__(self) -> None:
        self._samples: dict[tuple[str, tuple[str, ...]], Sample] = {}

    def add(self, metric: Metric, value: float | None, *labels: str) -> None:
        """Add a value; None is not known and leaves no series.

        Raise ValueError where the labels are not the metric's: that is a mistake in this program.
        """
        if len(labels) != len(metric.labels):
            raise ValueError(f"{metric.name} has labels {metric.labels}, not {labels}")
        if metric.values and labels[-1] not in metric.values:
            raise ValueError(f"{metric.name} has no {metric.labels[-1]} {labels[-1]!r}")
        if value is None or not isfinite(value):
            return
        clean = tuple(_clean(label) for label in labels)
        self._samples[metric.name, clean] = Sample(metric, clean, float(value))

    def choose(self, metric: Metric, chosen: str, *labels: str) -> None:
        """Add 1 for the chosen value of the last label and 0 for its other values."""
        for value in metric.values:
            self.add(metric, float(value == chosen), *labels, value)

    def update(self, others: Samples) -> None:
        """Add all values of others."""
        self._samples |= others._samples

    def __iter__(self) -> Iterator[Sample]:
        return iter(self._samples.values())

    def __len__(self) -> int:
        return len(self._samples)


def _clean(label: str) -> str:
    """Return a label as UTF-8 can write it: half a character or a control becomes a ``?``."""
    text = label[:_LABEL_CHARACTERS]
    if text.isprintable():  # half a character is not
        return text
    return "".join(letter if letter.isprintable() else "?" for letter in text)
