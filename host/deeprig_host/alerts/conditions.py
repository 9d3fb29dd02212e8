"""What an alert watches, as data: from it come the PromQL of a server and the host's own reading.

A condition is read per *subject*: the values of the labels ``by`` which the alert names (one GPU,
one fan). Every series of a condition has at most one sample per subject.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Comparison = Literal["<", "<=", ">", ">=", "==", "!="]
Severity = Literal["critical", "warning"]
#: How a value is shown: as it is, as a share of 1, as a time in seconds.
ValueForm = Literal["number", "share", "seconds"]


@dataclass(frozen=True, slots=True)
class Label:
    """A label that has one of these values; or, with ``is_none_of``, that has none of them."""

    name: str
    values: tuple[str, ...]
    is_none_of: bool = False

    def accepts(self, value: str) -> bool:
        """Say whether a sample with this value belongs to the series."""
        return (value in self.values) != self.is_none_of


@dataclass(frozen=True, slots=True)
class Series:
    """The samples of a metric whose labels are as told."""

    metric: str
    where: tuple[Label, ...] = ()


@dataclass(frozen=True, slots=True)
class Age:
    """Seconds since the time that a series holds (unix seconds)."""

    of: Series


@dataclass(frozen=True, slots=True)
class Quotient:
    """A series divided by another one of the same subject."""

    of: Series
    by: Series


Term: TypeAlias = "Series | Age | Quotient"


@dataclass(frozen=True, slots=True)
class Compare:
    """A term compared with a number, or with another series of the same subject."""

    term: Term
    comparison: Comparison
    than: float | Series


@dataclass(frozen=True, slots=True)
class Every:
    """All of the conditions hold for the same subject; the first one gives the value."""

    conditions: tuple[Compare, ...]


@dataclass(frozen=True, slots=True)
class Missing:
    """A machine has no sample of a series, though ``witness`` shows that it is watched.

    On the host there is no witness: it is watched by itself.
    """

    of: Series
    witness: Series


Condition: TypeAlias = "Compare | Every | Missing"


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert: when it holds, for how long before it is told, and what to do then.

    ``by`` names the labels of its subject. ``summary`` may hold ``{value}`` and these labels.
    """

    name: str
    severity: Severity
    summary: str
    meaning: str
    remedy: str
    condition: Condition
    by: tuple[str, ...] = ()
    for_seconds: int = 0
    value_form: ValueForm = "number"


def series_of(condition: Condition) -> tuple[Series, ...]:
    """Return every series that a condition reads, the witness of a missing one too."""
    if isinstance(condition, Missing):
        return (condition.of, condition.witness)
    if isinstance(condition, Every):
        return tuple(one for part in condition.conditions for one in series_of(part))
    right = (condition.than,) if isinstance(condition.than, Series) else ()
    return (*_series_of_term(condition.term), *right)


def _series_of_term(term: Term) -> tuple[Series, ...]:
    if isinstance(term, Series):
        return (term,)
    return (term.of, term.by) if isinstance(term, Quotient) else (term.of,)
