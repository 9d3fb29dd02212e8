"""What is kept of a verification: the numbers of each run of the training suite, and of what."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from deeprig.certificate.training import Better

#: A line of a history file. Its keys are those of Entry.
SCHEMA = "deeprig.baseline/1"


@dataclass(frozen=True, slots=True)
class Measured:
    """One number that has a direction. ``value`` None: it was measured and is no finite number."""

    case: str
    name: str
    unit: str
    better: Better
    value: float | None

    def __post_init__(self) -> None:
        """Raise ValueError for what JSON has no number for: nothing is compared with it."""
        if self.value is not None and not math.isfinite(self.value):
            raise ValueError(f"{self.test} is not finite")

    @property
    def test(self) -> str:
        """Return what is measured, in words; it names the number within a run."""
        return f"{self.case}: {self.name}"


class Key(NamedTuple):
    """Runs with the same key measure the same thing, so that their numbers can be compared."""

    environment: str
    test: str
    profile: str
    hardware: str
    burn_minutes: float | None


@dataclass(frozen=True, slots=True)
class Run:
    """One good run of the suite in one environment.

    ``software`` has a version for each name (deeprig.baselines.change names the first of them).
    ``burn_minutes``: how long the machine was to be burned in, None where it was not, and in lines
    of a deeprig that did not tell: a longer burn is hotter, and so slower. ``begins``: a person
    accepted it as the beginning of a new baseline; ``is_apart`` names the tests of which it was
    accepted that they are slower than the twins'.
    """

    environment: str
    test: str
    profile: str
    hardware: str
    software: Mapping[str, str]
    values: tuple[Measured, ...]
    begins: bool = False
    is_apart: tuple[str, ...] = ()
    burn_minutes: float | None = None

    def __post_init__(self) -> None:
        """Raise ValueError for software whose version is no text."""
        strange = [name for name, version in self.software.items() if not isinstance(version, str)]
        if strange:
            raise ValueError(f"software.{strange[0]}: must be text")

    @property
    def key(self) -> Key:
        """Return what has to be equal for its numbers to be comparable."""
        what = (self.environment, self.test, self.profile)
        return Key(*what, self.hardware, self.burn_minutes)

    def measured(self, test: str) -> Measured | None:
        """Return a number by its name."""
        return next((one for one in self.values if one.test == test), None)


@dataclass(frozen=True, slots=True)
class Entry:
    """One verified host, once: a line of its history. Order is by ``sequence``, never by time.

    ``verified`` (ISO 8601, UTC) and ``version`` (deeprig's) are for people.
    """

    sequence: int
    verified: str
    version: str
    runs: tuple[Run, ...]
