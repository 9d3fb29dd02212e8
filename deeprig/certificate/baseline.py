"""Comparisons with a host's own history and with its twins, as a check's data tells them.

``{"schema": "deeprig.baselines/1", "comparisons": [{"test", "unit", "better", "value", "reference",
"spread", "count", "against", "outcome", "reason", "change"}, ...]}``: ``reference`` is the median
of ``count`` earlier values, ``spread`` how far they lie apart, ``change`` what is different since
(``driver 580.95 -> 580.105``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from deeprig.certificate.reading import Reader
from deeprig.certificate.training import Better, Outcome

SCHEMA = "deeprig.baselines/1"
_WORDS: dict[str, Outcome] = {"pass": "pass", "fail": "fail", "skip": "skip"}


@dataclass(frozen=True, slots=True)
class Comparison:
    """One measurement beside what it was before. ``reference`` None: there is no history."""

    test: str
    environment: str | None
    unit: str
    better: Better | None
    value: float | None
    reference: float | None
    spread: float | None
    count: int
    against: str
    outcome: Outcome
    reason: str
    change: str

    @property
    def difference_percent(self) -> float | None:
        """Return how much the value is above (+) or below (-) the reference."""
        if self.value is None or not self.reference:
            return None
        return 100 * (self.value - self.reference) / abs(self.reference)


def read_comparisons(
    data: Mapping[str, Any], environment: str | None
) -> tuple[tuple[Comparison, ...], tuple[str, ...]]:
    """Return the comparisons, and what could not be understood of them."""
    reader = Reader()
    found = tuple(
        _comparison(one, environment, reader) for one in reader.objects(data, "comparisons")
    )
    return found, tuple(reader.problems)


def _comparison(data: Mapping[str, Any], environment: str | None, reader: Reader) -> Comparison:
    value = reader.number(data, "value", is_optional=True)
    reference = reader.number(data, "reference", is_optional=True)
    outcome, reason = _judged(data, value, reference, reader)
    return Comparison(
        test=reader.text(data, "test"),
        environment=environment,
        unit=reader.text(data, "unit", is_optional=True),
        better=reader.better(data),
        value=value,
        reference=reference,
        spread=reader.number(data, "spread", is_optional=True),
        count=reader.whole(data, "count") or 0,
        against=reader.text(data, "against"),
        outcome=outcome,
        reason=reason,
        change=reader.text(data, "change", is_optional=True),
    )


def _judged(
    data: Mapping[str, Any], value: float | None, reference: float | None, reader: Reader
) -> tuple[Outcome, str]:
    word = reader.text(data, "outcome")
    reason = reader.text(data, "reason", is_optional=True)
    if word not in _WORDS:
        return "unknown", f"its outcome is {word!r}, which is no outcome"
    if word == "pass" and (value is None or reference is None):
        return "unknown", "it says pass and compares nothing"
    if word == "skip" and not reason:
        return "unknown", "it says skip and gives no reason"
    return _WORDS[word], reason
