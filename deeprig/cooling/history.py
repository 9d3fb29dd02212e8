"""The daemon's history: rows of what each card had, as its file holds them.

The file is ``deeprig_host.cooling``'s: a header, then one line for each card and moment; what is
not known is empty. A line that a full disk cut off is left out and counted.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass

COLUMNS = (
    *("time", "uuid", "temperature_c", "memory_c", "fan_percent", "fan_rpm", "power_w"),
    "load_percent",
)


@dataclass(frozen=True, slots=True)
class Sample:
    """One card at one moment; None is not known. ``time`` is in Unix seconds."""

    time: float
    uuid: str
    temperature_c: float | None
    memory_c: float | None
    fan_percent: float | None
    fan_rpm: float | None
    power_w: float | None
    load_percent: float | None


@dataclass(frozen=True, slots=True)
class History:
    """Samples in the order of their times, and how many lines were none."""

    samples: tuple[Sample, ...]
    unreadable: int = 0

    @property
    def uuids(self) -> tuple[str, ...]:
        """Return the cards, in the order in which they appear first."""
        return tuple(dict.fromkeys(sample.uuid for sample in self.samples))

    def of(self, uuid: str) -> tuple[Sample, ...]:
        """Return one card's samples."""
        return tuple(sample for sample in self.samples if sample.uuid == uuid)

    def since(self, time: float) -> History:
        """Return what was from a time on."""
        return History(tuple(s for s in self.samples if s.time >= time), self.unreadable)


def read_history(lines: Iterable[str]) -> History:
    """Return the samples of a file's lines; headers, also in between, are skipped."""
    samples, unreadable = [], 0
    for row in csv.reader(lines):
        if not row or row[0] == COLUMNS[0]:
            continue
        sample = _sample(row)
        if sample is None:
            unreadable += 1
        else:
            samples.append(sample)
    return History(tuple(sorted(samples, key=lambda sample: sample.time)), unreadable)


def _sample(row: list[str]) -> Sample | None:
    if len(row) != len(COLUMNS) or not row[1]:
        return None
    try:
        return Sample(float(row[0]), row[1], *map(_number, row[2:]))
    except ValueError:
        return None


def _number(text: str) -> float | None:
    return float(text) if text else None
