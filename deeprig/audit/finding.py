"""What a rule says about a machine: one finding, with what was expected and what is there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from deeprig.audit.sources import Source

Outcome = Literal["pass", "warn", "fail", "unknown", "not applicable"]
_WITH_REMEDY = ("warn", "fail", "unknown")


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule's outcome. ``remedy`` is there exactly where something can be done."""

    rule: str
    outcome: Outcome
    expected: str
    actual: str
    source: Source
    remedy: str | None = None

    def __post_init__(self) -> None:
        """Refuse a finding that leaves its reader without a next step. Raise ValueError."""
        if (self.remedy is not None) != (self.outcome in _WITH_REMEDY):
            raise ValueError(f"{self.rule}: {self.outcome} and remedy {self.remedy!r}")


@dataclass(frozen=True, slots=True)
class Rule:
    """What a rule is called, wants, comes from and advises; its findings are made here."""

    name: str
    expected: str
    source: Source
    remedy: str

    def passed(self, actual: str) -> Finding:
        """Return that the machine has what is expected."""
        return Finding(self.name, "pass", self.expected, actual, self.source)

    def warned(self, actual: str) -> Finding:
        """Return that the machine works with less than is recommended."""
        return Finding(self.name, "warn", self.expected, actual, self.source, self.remedy)

    def failed(self, actual: str) -> Finding:
        """Return that the machine lacks what it needs."""
        return Finding(self.name, "fail", self.expected, actual, self.source, self.remedy)

    def unknown(self, why: str, remedy: str) -> Finding:
        """Return that it cannot be told, why, and how it could."""
        return Finding(self.name, "unknown", self.expected, why, self.source, remedy)

    def not_applicable(self, why: str) -> Finding:
        """Return that the rule does not ask anything of this machine."""
        return Finding(self.name, "not applicable", self.expected, why, self.source)

    def graded(self, actual: str, *, is_enough: bool, is_good: bool = True) -> Finding:
        """Return failed when not enough, warned when enough and not good, else passed."""
        if not is_enough:
            return self.failed(actual)
        return self.passed(actual) if is_good else self.warned(actual)
