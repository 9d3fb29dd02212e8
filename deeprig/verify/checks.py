"""What one test of a role records: named checks with outcome and evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from deeprig.report.model import Outcome


@dataclass(frozen=True, slots=True)
class Check:
    """One recorded check."""

    name: str
    outcome: Outcome
    evidence: str
    environment: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    simulated: bool = False


@dataclass(slots=True)
class Checks:
    """Collects the checks of one test; all of them are made, then the bad ones fail the test."""

    recorded: list[Check] = field(default_factory=list)

    def __call__(
        self,
        name: str,
        is_good: bool | None,
        evidence: str,
        *,
        environment: str | None = None,
        data: Mapping[str, Any] | None = None,
        simulated: bool = False,
    ) -> None:
        """Record a check: True passes, False fails, None is unknown (and never passes)."""
        outcome: Outcome = "unknown" if is_good is None else "pass" if is_good else "fail"
        self.recorded.append(Check(name, outcome, evidence, environment, data or {}, simulated))

    def raise_if_bad(self) -> None:
        """Raise AssertionError that names every check that did not pass."""
        bad = [check for check in self.recorded if check.outcome in ("fail", "unknown")]
        if bad:
            lines = "\n".join(f"{c.name}: {c.outcome}: {c.evidence}" for c in bad)
            raise AssertionError(
                f"{len(bad)} of {len(self.recorded)} checks are not good:\n{lines}"
            )
