"""The one exception of this program: what could not be done, why, and what helps."""

from __future__ import annotations

from typing import Any


class Refused(Exception):
    """Something was refused or failed in a way that a person can act on.

    ``outcome`` is what the answer says: refused (nothing was changed), busy, or failed.
    """

    def __init__(
        self,
        reason: str,
        *,
        evidence: tuple[str, ...] = (),
        remedy: str = "",
        outcome: str = "refused",
    ) -> None:
        """Keep reason, evidence and remedy apart: the controller shows them so."""
        super().__init__(reason)
        self.reason = reason
        self.evidence = evidence
        self.remedy = remedy
        self.outcome = outcome

    def answer(self) -> dict[str, Any]:
        """Return the JSON answer's fields."""
        return {
            "outcome": self.outcome,
            "reason": self.reason,
            "evidence": list(self.evidence),
            "remedy": self.remedy,
        }
