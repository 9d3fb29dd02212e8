"""Read an alert's condition from the samples of this machine: yes, no, or not known."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from deeprig_host.alerts.conditions import (
    Age,
    Alert,
    Compare,
    Every,
    Missing,
    Quotient,
    Series,
    Term,
)
from deeprig_host.alerts.samples import Samples

#: The values of an alert's ``by`` labels, in their order.
Subject: TypeAlias = "tuple[str, ...]"

_OPERATORS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the condition holds for a subject, and the value that says so."""

    holds: bool
    value: float


def verdicts(alert: Alert, samples: Samples, now: float) -> Mapping[Subject, Verdict]:
    """Return a verdict for every subject of which enough is known; the others are left out.

    ``now`` is in unix seconds.
    """
    condition = alert.condition
    if isinstance(condition, Missing):
        return {(): Verdict(not samples.of(condition.of), 1.0)}
    if isinstance(condition, Every):
        return _every([_compare(part, alert.by, samples, now) for part in condition.conditions])
    return _compare(condition, alert.by, samples, now)


def _every(parts: list[dict[Subject, Verdict]]) -> dict[Subject, Verdict]:
    """Return "no" where one part says no, "yes" where all say yes, nothing in between."""
    found: dict[Subject, Verdict] = {}
    for subject in {subject: None for part in parts for subject in part}:
        told = [part[subject] for part in parts if subject in part]
        is_denied = any(not verdict.holds for verdict in told)
        if is_denied or len(told) == len(parts):
            found[subject] = Verdict(not is_denied, told[0].value)
    return found


def _compare(
    condition: Compare, by: tuple[str, ...], samples: Samples, now: float
) -> dict[Subject, Verdict]:
    left = _term(condition.term, by, samples, now)
    compare = _OPERATORS[condition.comparison]
    if isinstance(condition.than, Series):
        right = _values(condition.than, by, samples)
    else:
        right = dict.fromkeys(left, condition.than)
    return {
        subject: Verdict(compare(value, right[subject]), value)
        for subject, value in left.items()
        if subject in right
    }


def _term(term: Term, by: tuple[str, ...], samples: Samples, now: float) -> dict[Subject, float]:
    if isinstance(term, Age):
        return {subject: now - at for subject, at in _values(term.of, by, samples).items()}
    if isinstance(term, Quotient):
        above, below = _values(term.of, by, samples), _values(term.by, by, samples)
        return {one: above[one] / below[one] for one in above if below.get(one)}
    return _values(term, by, samples)


def _values(series: Series, by: tuple[str, ...], samples: Samples) -> dict[Subject, float]:
    """Return a series' value per subject. NaN is a value that is not known."""
    return {
        tuple(sample.labels.get(name, "") for name in by): sample.value
        for sample in samples.of(series)
        if not math.isnan(sample.value)
    }
