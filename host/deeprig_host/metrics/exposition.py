"""Samples as Prometheus' text, and the file that node_exporter reads."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector, CollectorRegistry

from deeprig_host.metrics.metric import Metric
from deeprig_host.metrics.names import METRICS
from deeprig_host.metrics.samples import Sample, Samples

Family = CounterMetricFamily | GaugeMetricFamily
_MODE = 0o644  # node_exporter runs as a user of its own
#: Never through a link that somebody laid there: this may run as root in another user's directory.
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class _Families(Collector):
    """Samples as prometheus_client wants them, in the order of METRICS."""

    def __init__(self, samples: Samples) -> None:
        self._of: dict[str, list[Sample]] = {}
        for sample in samples:
            self._of.setdefault(sample.metric.name, []).append(sample)

    def collect(self) -> Iterable[Family]:
        for metric in METRICS:
            if metric.name in self._of:
                yield _family(metric, self._of[metric.name])


def exposition(samples: Samples) -> bytes:
    """Return the samples in Prometheus' text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Families(samples))
    return generate_latest(registry)


def write(path: Path, text: bytes) -> None:
    """Have the file with this text: the whole of it or, on OSError, the one before.

    It is not forced to the disk: after a power cut the next pass writes it anew. (As
    prometheus_client's write_to_textfile, but readable whatever the umask is, and a draft that was
    left behind is overwritten by the next.)
    """
    draft = path.with_name(f".{path.name}.new")
    try:
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, _NEW_FILE, _MODE), "wb") as file:
            os.fchmod(file.fileno(), _MODE)
            file.write(text)
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise


def _family(metric: Metric, samples: list[Sample]) -> Family:
    kind = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
    family = kind(metric.name, metric.help, labels=metric.labels)
    for sample in samples:
        family.add_metric(sample.labels, sample.value)
    return family
