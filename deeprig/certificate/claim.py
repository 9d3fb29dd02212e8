"""What a certificate claims: questions, what answers them, and the verdict over all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from deeprig.certificate.training import Outcome

Answer = Literal["proven", "failed", "unknown", "not tested", "does not apply"]
#: From the worst to the best. ``simulated``: all is well, and on stand-ins for real parts.
VERDICTS = ("failed", "not proven", "simulated", "proven")
Verdict = Literal["failed", "not proven", "simulated", "proven"]


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that was looked at. ``evidence`` says what was seen, or why it is no pass."""

    name: str
    outcome: Outcome
    evidence: str = ""
    where: str = ""
    seconds: float = 0.0
    is_simulated: bool = False

    def __post_init__(self) -> None:
        """Raise ValueError for a fail, an unknown or a skip that does not say why."""
        if self.outcome != "pass" and not self.evidence.strip():
            raise ValueError(f"{self.name}: {self.outcome} without a reason")


@dataclass(frozen=True, slots=True)
class Claim:
    """A question. ``is_required``: without its proof there is no proven machine.

    A claim that is not required still counts once it failed or is unknown.
    """

    key: str
    question: str
    answer: Answer
    is_required: bool
    items: tuple[Item, ...]

    def __post_init__(self) -> None:
        """Raise ValueError for an answer that the items do not give."""
        if self.answer != answer_of(self.items, applies=self.answer != "does not apply"):
            raise ValueError(f"{self.question}: {self.answer!r} is not what its items prove")
        if self.answer == "does not apply" and self.is_required:
            raise ValueError(f"{self.question}: required, and does not apply")

    @property
    def is_simulated(self) -> bool:
        """Say whether something that passed stands in for the real thing."""
        return any(item.is_simulated and item.outcome == "pass" for item in self.items)

    def of(self, *outcomes: Outcome) -> tuple[Item, ...]:
        """Return the items with these outcomes."""
        return tuple(item for item in self.items if item.outcome in outcomes)


def answer_of(items: tuple[Item, ...], *, applies: bool = True) -> Answer:
    """Return what items prove together: a pass at least, and neither a fail nor an unknown.

    What does not apply may have been skipped; where something ran, it applies.
    """
    outcomes = {item.outcome for item in items}
    if "fail" in outcomes:
        return "failed"
    if "unknown" in outcomes:
        return "unknown"
    if "pass" in outcomes:
        return "proven"
    return "not tested" if applies else "does not apply"


def verdict_of(claims: tuple[Claim, ...]) -> Verdict:
    """Return the verdict. No claim proves nothing; unknown and skipped are never a pass."""
    answers = {claim.answer for claim in claims}
    required = [claim for claim in claims if claim.is_required]
    if "failed" in answers:
        return "failed"
    is_whole = bool(required) and all(claim.answer == "proven" for claim in required)
    if "unknown" in answers or not is_whole:
        return "not proven"
    return "simulated" if any(claim.is_simulated for claim in claims) else "proven"


def worst(verdicts: tuple[Verdict, ...]) -> Verdict:
    """Return the worst of several hosts' verdicts. No host is nothing proven."""
    return min(verdicts, key=VERDICTS.index, default="not proven")
