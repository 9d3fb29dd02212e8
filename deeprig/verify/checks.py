"""What one test of a role records: named checks with outcome and evidence."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
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
    seconds: float = 0.0


def _nobody(check: Check) -> None:
    """Take a check, where nobody listens (pytest without deeprig)."""


@dataclass(slots=True)
class Checks:
    """Collects the checks of one test; all of them are made, then the bad ones fail the test.

    ``tell`` gets each as it is recorded, so that those of a run that is cut are not lost.
    """

    tell: Callable[[Check], None] = _nobody
    recorded: list[Check] = field(default_factory=list)
    _last: float = field(default_factory=time.monotonic)

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
        self._record(name, outcome, evidence, environment, data, simulated)

    def skip(
        self,
        name: str,
        reason: str,
        *,
        environment: str | None = None,
        data: Mapping[str, Any] | None = None,
        simulated: bool = False,
    ) -> None:
        """Record what cannot be checked here, and why: it proves nothing."""
        self._record(name, "not applicable", reason, environment, data, simulated)

    def raise_if_bad(self) -> None:
        """Raise AssertionError that names every check that did not pass."""
        bad = [check for check in self.recorded if check.outcome in ("fail", "unknown")]
        if bad:
            lines = "\n".join(f"{c.name}: {c.outcome}: {c.evidence}" for c in bad)
            raise AssertionError(
                f"{len(bad)} of {len(self.recorded)} checks are not good:\n{lines}"
            )

    def _record(
        self,
        name: str,
        outcome: Outcome,
        evidence: str,
        environment: str | None,
        data: Mapping[str, Any] | None,
        simulated: bool,
    ) -> None:
        now = time.monotonic()
        seconds, self._last = now - self._last, now
        check = Check(name, outcome, evidence, environment, data or {}, simulated, seconds)
        self.recorded.append(check)
        self.tell(check)
