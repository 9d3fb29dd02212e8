"""Where in a run the power goes: drawn by a seed, found by progress, never by the wall clock.

A seed says which kind of work is cut, and at which fraction of it: of the operations that start (as
`deeprig apply -v` tells), of the status changes that dpkg logs, or of the files that conda places.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen
from typing import Literal

Kind = Literal["operations", "dpkg", "conda"]
#: Half of the cuts fall into dpkg's work: that is what an interruption can leave half done.
_KINDS: tuple[Kind, ...] = ("dpkg", "operations", "dpkg", "conda")
_TOLD: dict[Kind, str] = {
    "operations": "of its operations started",
    "dpkg": "of dpkg's work done",
    "conda": "of conda's files placed",
}
_BOUND_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class CutPoint:
    """A point in a run: ``fraction`` (0 to 1) of one kind of its work."""

    kind: Kind
    fraction: float

    @classmethod
    def of(cls, seed: int) -> CutPoint:
        """Return the point of a seed, the same each time."""
        return cls(_KINDS[seed % len(_KINDS)], random.Random(seed).random())  # noqa: S311 - no secret

    @property
    def told(self) -> str:
        """Return the point as a person reads it."""
        return f"{self.fraction:.0%} {_TOLD[self.kind]}"


@dataclass(frozen=True, slots=True)
class Work:
    """How much of each kind of work a whole run does, or has done so far."""

    operations: int
    dpkg: int
    conda: int

    def of(self, kind: Kind) -> int:
        """Return the amount of one kind."""
        return {"operations": self.operations, "dpkg": self.dpkg, "conda": self.conda}[kind]


def work_done(upper: Path, log: str, before: int = 0) -> Work:
    """Return what has been done by the host's disk and by what the run said.

    ``before`` are dpkg's status changes that its log had at the start. What goes away while it is
    looked at is not counted.
    """
    return Work(
        sum(line.endswith(" ...") for line in log.splitlines()),
        status_changes(upper) - before,
        sum(
            len(files) for place in (upper / "opt").glob("conda*") for _, _, files in os.walk(place)
        ),
    )


def status_changes(root: Path) -> int:
    """Return how many status changes dpkg's log has (dpkg(1), --log)."""
    log = root / "var/log/dpkg.log"
    return log.read_text(encoding="utf-8").count(" status ") if log.exists() else 0


def wait_for(point: CutPoint, whole: Work, done: Callable[[], Work], run: Popen[str]) -> None:
    """Return once the run has got to the point. Raise when it ends before, or never gets there."""
    wanted = max(1, round(point.fraction * whole.of(point.kind)))
    deadline = time.monotonic() + _BOUND_SECONDS
    while done().of(point.kind) < wanted:
        if run.poll() is not None:
            raise RuntimeError(f"the run ended before {point.told}: exit {run.returncode}")
        if time.monotonic() > deadline:
            raise TimeoutError(f"never got to {point.told}: {done()} of {whole}")
        time.sleep(0.005)
