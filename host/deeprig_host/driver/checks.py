"""One thing that was looked at: pass, fail, unknown or not-applicable. Unknown is never pass."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """A check's outcome, with what was expected, what was found, and the evidence for it."""

    name: str
    outcome: str
    expected: str
    actual: str
    evidence: str = ""


def passed(name: str, expected: str, actual: str, evidence: str = "") -> Check:
    """Return a check that found what was expected."""
    return Check(name, "pass", expected, actual, evidence)


def failed(name: str, expected: str, actual: str, evidence: str = "") -> Check:
    """Return a check that found something else."""
    return Check(name, "fail", expected, actual, evidence)


def unknown(name: str, expected: str, evidence: str) -> Check:
    """Return a check that got no answer."""
    return Check(name, "unknown", expected, "unknown", evidence)


def not_applicable(name: str, evidence: str) -> Check:
    """Return a check that makes no sense here."""
    return Check(name, "not-applicable", "", "", evidence)


def compare(name: str, expected: str, actual: str | None, error: str | None = None) -> Check:
    """Return whether two texts are equal; no text is a failure with its error, or unknown."""
    if actual is None:
        if error:
            return failed(name, expected, "no answer", error)
        return unknown(name, expected, "nothing was told")
    outcome = "pass" if actual == expected else "fail"
    return Check(name, outcome, expected, actual)
