"""What a machine is good for: one verdict per use, with the rules that decided it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from deeprig.audit.declaration import Use
from deeprig.audit.finding import Finding, Outcome
from deeprig.audit.machine import Machine
from deeprig.audit.rules import RULES, AuditRule

Answer = Literal["fits", "fits with warnings", "does not fit", "unknown"]


@dataclass(frozen=True, slots=True)
class Decider:
    """A rule that decided a verdict: how it is graded for that use, and on what."""

    rule: str
    outcome: Outcome
    actual: str

    @classmethod
    def of(cls, finding: Finding) -> Decider:
        """Return what of a finding decides."""
        return cls(finding.rule, finding.outcome, finding.actual)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a machine fits a use, and what decided it: nothing where all is well."""

    use: Use
    answer: Answer
    deciding: tuple[Decider, ...]


def verdict(machine: Machine, use: Use) -> Verdict:
    """Return what the rules of a use say together.

    A failure decides; else an essential rule that is unknown leaves the verdict unknown, because it
    might have failed; else warnings and what is unknown besides are told. Unknown never passes.
    """
    graded = [(rule, rule.check(machine, use)) for rule in RULES if use in rule.decides]
    failed = tuple(Decider.of(finding) for _, finding in graded if finding.outcome == "fail")
    if failed:
        return Verdict(use, "does not fit", failed)
    untold = tuple(Decider.of(finding) for rule, finding in graded if _blocks(rule, finding))
    if untold:
        return Verdict(use, "unknown", untold)
    noted = tuple(
        Decider.of(finding) for _, finding in graded if finding.outcome in ("warn", "unknown")
    )
    return Verdict(use, "fits with warnings" if noted else "fits", noted)


def _blocks(rule: AuditRule, finding: Finding) -> bool:
    return rule.is_essential and finding.outcome == "unknown"
