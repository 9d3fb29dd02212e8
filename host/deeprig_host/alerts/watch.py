"""Read what this machine knows of itself now: the collector's file, and the disks."""

from __future__ import annotations

from deeprig_host.alerts.conditions import Series
from deeprig_host.alerts.disks import disk_samples
from deeprig_host.alerts.samples import Samples, parse
from deeprig_host.machine.commands import Machine
from deeprig_host.metrics.names import COLLECTOR_LAST

#: As MetricsStale: from then on, what the file says is no longer what is.
STALE_SECONDS = 300.0


def look(machine: Machine, metrics: str, now: float) -> tuple[Samples, tuple[str, ...]]:
    """Return the samples, and what there is to say for the log.

    Of a file that is stale only its age is taken: what it tells else is not known any more.
    """
    samples, remarks = _collected(machine, metrics)
    collected = samples.of(Series(COLLECTOR_LAST.name))
    if collected and now - collected[0].value > STALE_SECONDS:
        samples = Samples(collected)
    return samples.joined(disk_samples(machine)), remarks


def _collected(machine: Machine, metrics: str) -> tuple[Samples, tuple[str, ...]]:
    try:
        return parse(machine.path(metrics).read_text(encoding="utf-8")), ()
    except (OSError, ValueError) as error:
        return Samples(), (f"{metrics} cannot be read: {error}",)
