"""What was measured: one sample per run, kept as JSON after each, so that a run can go on later."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from benchmarks.fleet.wire import Conversation

SCHEMA = "deeprig.benchmark.fleet/1"
#: near: on the hosts' own bridge; far: over a link with a delay; fresh: nothing is there yet;
#: memory: near, with the memory of all processes watched.
Scene = Literal["near", "far", "fresh", "memory"]


@dataclass(frozen=True, slots=True)
class Cell:
    """One place of the table."""

    scene: Scene
    hosts: int
    way: str


@dataclass(frozen=True, slots=True)
class Sample:
    """One run of one way. ``problem``: why it counts for nothing, None where it does count.

    ``own_round_trips``: how often it waited for one host's answer, as it says itself.
    """

    cell: Cell
    round: int
    seconds: float
    cpu_seconds: float
    largest_mebibytes: float | None
    all_mebibytes: float | None
    load_before: float
    began: float
    command: str
    problem: str | None = None
    conversation: Conversation | None = None
    own_round_trips: int | None = None


@dataclass(frozen=True, slots=True)
class Spread:
    """A median with the least and the greatest of ``count`` values."""

    median: float
    least: float
    greatest: float
    count: int

    @classmethod
    def of(cls, values: Iterable[float]) -> Spread | None:
        """Return the spread of some values, None of none."""
        known = sorted(values)
        if not known:
            return None
        return cls(statistics.median(known), known[0], known[-1], len(known))


@dataclass(slots=True)
class Results:
    """All samples, and of what machine and versions they are. ``path``: where they are kept."""

    path: Path
    about: dict[str, Any]
    samples: list[Sample] = field(default_factory=list)

    def add(self, sample: Sample) -> None:
        """Add a sample and keep it, whole or not at all."""
        self.samples.append(sample)
        self.save()

    def save(self) -> None:
        """Write the file."""
        data = {"schema": SCHEMA, "about": self.about, "samples": list(map(asdict, self.samples))}
        part = self.path.with_name(f"{self.path.name}.part")
        self.path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
        part.replace(self.path)

    def of(self, cell: Cell) -> tuple[Sample, ...]:
        """Return the samples of a cell that count."""
        return tuple(s for s in self.samples if s.cell == cell and s.problem is None)

    def seconds(self, cell: Cell) -> Spread | None:
        """Return the wall times of a cell."""
        return Spread.of(sample.seconds for sample in self.of(cell))

    def tried(self, cell: Cell) -> int:
        """Return how often a cell was run, with or without success."""
        return sum(sample.cell == cell for sample in self.samples)

    @classmethod
    def load(cls, path: Path) -> Results | None:
        """Return what a file keeps, None where there is none. Raise ValueError for another form."""
        if not path.is_file():
            return None
        data = json.loads(path.read_text(encoding="utf-8"))
        if data.get("schema") != SCHEMA:
            raise ValueError(f"{path} is no {SCHEMA}")
        return cls(path, data["about"], [_sample(one) for one in data["samples"]])


def _sample(data: dict[str, Any]) -> Sample:
    talk = data.pop("conversation")
    cell = Cell(**data.pop("cell"))
    return Sample(cell=cell, conversation=Conversation(**talk) if talk else None, **data)
