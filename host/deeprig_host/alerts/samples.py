"""Samples of metrics: the text that the collector wrote, parsed once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from deeprig_host.alerts.conditions import Series


@dataclass(frozen=True, slots=True)
class Sample:
    """One value of a metric."""

    metric: str
    labels: Mapping[str, str]
    value: float


class Samples:
    """All samples that a machine has now."""

    def __init__(self, samples: Iterable[Sample] = ()) -> None:
        """Keep the samples by their metric."""
        self._by_metric: dict[str, list[Sample]] = {}
        for sample in samples:
            self._by_metric.setdefault(sample.metric, []).append(sample)

    def of(self, series: Series) -> tuple[Sample, ...]:
        """Return the samples of a series, in the order in which they were told."""
        return tuple(
            sample
            for sample in self._by_metric.get(series.metric, ())
            if all(label.accepts(sample.labels.get(label.name, "")) for label in series.where)
        )

    def joined(self, others: Iterable[Sample]) -> Samples:
        """Return these samples and others."""
        own = [sample for found in self._by_metric.values() for sample in found]
        return Samples((*own, *others))


def parse(text: str) -> Samples:
    """Return the samples of a text in Prometheus' exposition format. Raise ValueError."""
    # A third of this program's time to start: `check` and the Xid log do without.
    from prometheus_client.parser import text_string_to_metric_families

    return Samples(
        Sample(sample.name, sample.labels, sample.value)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    )
