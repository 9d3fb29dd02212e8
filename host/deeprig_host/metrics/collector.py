"""One pass over everything: a part that fails costs its own series and is counted."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from deeprig_host.machine.commands import Machine
from deeprig_host.metrics import (
    backup,
    backup_server,
    bus,
    cooling,
    driver,
    kernel,
    names,
    power_declared,
    statuses,
    updates,
    xid,
)
from deeprig_host.metrics.nvml import NvmlReader
from deeprig_host.metrics.part import Failure, PartFailed
from deeprig_host.metrics.samples import Samples

#: Part to what reads it; it raises PartFailed or OSError and nothing else.
Readers: TypeAlias = "tuple[tuple[str, Callable[[Machine, Samples], None]], ...]"
READERS: Readers = (
    ("xid", xid.read),
    ("bus", bus.read),
    ("driver", driver.read),
    ("cooling", cooling.read),
    ("status", statuses.read),
    ("backup", backup.read),
    ("backup_server", backup_server.read),
    ("updates", updates.read),
    ("kernel", kernel.read),
)
#: These need to know which GPUs have answered.
READERS_AFTER_GPUS: Readers = (("power", power_declared.read),)


@dataclass(frozen=True, slots=True)
class Pass:
    """What one pass found, and what failed in it."""

    samples: Samples
    failures: tuple[Failure, ...]


class Collector:
    """Collects again and again; failures are counted from when it was made."""

    def __init__(self, machine: Machine, nvml: NvmlReader) -> None:
        self._machine, self._nvml = machine, nvml
        self._errors: Counter[str] = Counter()

    def collect(self) -> Pass:
        """Read every part once."""
        began = time.monotonic()
        samples = Samples()
        failures = [
            *self._read(READERS, samples),
            *self._nvml.read(samples),
            *self._read(READERS_AFTER_GPUS, samples),
        ]
        failed = {failure.part for failure in failures}
        self._errors.update(failed)
        for part in names.PARTS:
            samples.add(names.COLLECTOR_PART_UP, part not in failed, part)
            samples.add(names.COLLECTOR_ERRORS, self._errors[part], part)
        samples.add(names.COLLECTOR_LAST, time.time())
        samples.add(names.COLLECTOR_DURATION, time.monotonic() - began)
        return Pass(samples, tuple(failures))

    def _read(self, readers: Readers, samples: Samples) -> list[Failure]:
        failures = []
        for part, read in readers:
            try:
                read(self._machine, samples)
            except (PartFailed, OSError) as error:
                failures.append(Failure(part, str(error)))
        return failures
