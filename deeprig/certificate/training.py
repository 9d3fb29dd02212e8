"""What a training document of a host says, as data. Nothing in it is believed beyond its words."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

#: An outcome that is none of these words is ``unknown``, and unknown is never a pass.
Outcome = Literal["pass", "fail", "unknown", "skip"]
Better = Literal["higher", "lower"]
#: The group of a case that loads the machine and watches it.
BURN = "burn"


@dataclass(frozen=True, slots=True)
class CaseCheck:
    """One expectation of a case, and what was there instead or indeed."""

    name: str
    is_good: bool
    expected: str
    actual: str


@dataclass(frozen=True, slots=True)
class Measurement:
    """A number with its unit; ``value`` None: it was measured and is no finite number."""

    name: str
    value: float | None
    unit: str
    better: Better | None = None


@dataclass(frozen=True, slots=True)
class Curve:
    """Numbers in the order in which they came; None is a value that was no finite number."""

    name: str
    values: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Note:
    """A small fact of a case or an environment: ``driver`` is ``580.105``."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Case:
    """One case. ``notes`` is what of its data can be told in a line each: (name, text)."""

    name: str
    group: str
    outcome: Outcome
    reason: str
    seconds: float
    checks: tuple[CaseCheck, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    curves: tuple[Curve, ...] = ()
    notes: tuple[Note, ...] = ()
    matrix: tuple[tuple[int, ...], ...] = ()
    is_simulated: bool = False

    def __post_init__(self) -> None:
        """Raise ValueError for a pass without a good check or with a bad one."""
        are_good = [check.is_good for check in self.checks]
        if self.outcome == "pass" and not (are_good and all(are_good)):
            raise ValueError(f"{self.name}: a pass that its checks do not prove")


@dataclass(frozen=True, slots=True)
class Training:
    """One run of the suite. ``problems``: what in its document could not be understood.

    ``told`` is the document's own outcome; ``sha256`` is of the document as canonical JSON.
    """

    environment: str | None
    framework: str
    framework_version: str
    backend: str | None
    python_version: str
    profile: str
    device: str
    seed: int | None
    told: Outcome
    is_cut: bool
    cases: tuple[Case, ...]
    versions: tuple[Note, ...]
    problems: tuple[str, ...]
    sha256: str
    is_simulated: bool = False

    @property
    def name(self) -> str:
        """Return how people call it: ``keras on jax in environment k3``."""
        on = f" on {self.backend}" if self.backend else ""
        where = f" in environment {self.environment}" if self.environment else ""
        return f"{self.framework or 'burn'}{on}{where}"

    @property
    def is_on_gpu(self) -> bool:
        """Say whether it computed on a GPU: ``cuda:0 NVIDIA H200``, ``GPU 0, GPU 1``."""
        return self.device.lower().startswith(("cuda", "gpu"))

    def case(self, name: str) -> Case | None:
        """Return a case by its name."""
        return next((case for case in self.cases if case.name == name), None)

    def parts(self) -> tuple[Training, ...]:
        """Return the run of the framework and its burn apart: one document may tell of both."""
        burnt = tuple(case for case in self.cases if case.group == BURN)
        rest = tuple(case for case in self.cases if case.group != BURN)
        burn = replace(self, framework="", backend=None, cases=burnt, versions=(), problems=())
        if not burnt:
            return (self,)
        return (replace(self, cases=rest), burn) if self.framework else (burn,)
