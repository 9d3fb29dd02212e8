"""What a case of the training suite is: its row, what it is given, and what it answers.

A case is a function ``run(context: CaseContext) -> CaseResult`` in the module
``deeprig_host.training.FRAMEWORK.NAME``, imported only when it is asked for; its row stands in
``case_table``. It answers with ``judged`` or ``skipped``; the suite adds name, group and time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from deeprig_host.training.evaluation import Check

Outcome = Literal["pass", "fail", "skip"]
Better = Literal["higher", "lower"]
PROFILES = ("smoke", "acceptance", "soak")


@dataclass(frozen=True, slots=True)
class Case:
    """One row: which frameworks have it and which profiles run it. ``needs_gpu``: else skipped."""

    name: str
    group: str
    frameworks: tuple[str, ...]
    profiles: tuple[str, ...]
    needs_gpu: bool = False


@dataclass(frozen=True, slots=True)
class CaseContext:
    """What a case is given.

    ``device`` is ``cpu`` or ``cuda:0``: where it must run, never somewhere else. ``gpu_count``: how
    many GPUs the run may use, 0 on the CPU. ``workdir`` is this case's own, empty. ``emit(share,
    text)`` tells progress, 0 to 1. ``backend`` is of Keras only.
    """

    framework: str
    device: str
    gpu_count: int
    seed: int
    workdir: Path
    profile: str
    emit: Callable[[float, str], None]
    backend: str | None = None


@dataclass(frozen=True, slots=True)
class Measurement:
    """A number with its unit; ``better`` is None where neither direction is."""

    name: str
    value: float
    unit: str
    better: Better | None = None


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What a case answered. ``reason`` is one line, and there for every fail and skip."""

    outcome: Outcome
    reason: str = ""
    checks: tuple[Check, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    curves: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""
    group: str = ""
    seconds: float = 0.0

    def __post_init__(self) -> None:
        """Raise ValueError for a pass that nothing proves, and a fail or skip without a reason."""
        are_good = [check.is_good for check in self.checks]
        if self.outcome == "pass" and not (are_good and all(are_good)):
            raise ValueError(f"{self.name or 'a case'} passes without good checks")
        if self.outcome != "pass" and not self.reason:
            raise ValueError(f"{self.name or 'a case'}: {self.outcome} without a reason")


RunCase = Callable[[CaseContext], CaseResult]


def judged(
    checks: Sequence[Check],
    measurements: Sequence[Measurement] = (),
    curves: Mapping[str, Sequence[float]] | None = None,
    data: Mapping[str, Any] | None = None,
) -> CaseResult:
    """Return pass where every check is good, else fail and why. No check at all is a fail."""
    bad = [check for check in checks if not check.is_good]
    told = "; ".join(f"{c.name}: expected {c.expected}, got {c.actual}" for c in bad)
    is_good = bool(checks) and not bad
    return CaseResult(
        outcome="pass" if is_good else "fail",
        reason="" if is_good else " ".join(told.split()) or "nothing was checked",
        checks=tuple(checks),
        measurements=tuple(measurements),
        curves={name: tuple(line) for name, line in (curves or {}).items()},
        data=dict(data or {}),
    )


def skipped(reason: str) -> CaseResult:
    """Return that this cannot run here, and why: what is missing, not what is wrong."""
    return CaseResult("skip", " ".join(reason.split()))


def failed(reason: str) -> CaseResult:
    """Return that the case ended without an answer, and why."""
    return CaseResult("fail", " ".join(reason.split()))
