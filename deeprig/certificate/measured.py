"""The measurements of a run as tables: what several cases measured side by side, then the rest."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from deeprig.certificate.numbers import number, unit
from deeprig.certificate.training import Case, Measurement, Training

_NONE = "\N{EN DASH}"
_MOST_COLUMNS = 6


@dataclass(frozen=True, slots=True)
class Measured:
    """``rows``: a case and its value for each of ``names``; ``others``: case, name, value."""

    names: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]
    others: tuple[tuple[str, str, str], ...]


def measured(training: Training) -> Measured:
    """Return the measurements of all cases."""
    counts = Counter(one.name for case in training.cases for one in case.measurements)
    shared = tuple(name for name, count in counts.items() if count > 1)[:_MOST_COLUMNS]
    rows = tuple(
        (case.name, tuple(_of(case, name) for name in shared))
        for case in training.cases
        if any(one.name in shared for one in case.measurements)
    )
    others = tuple(
        (case.name, one.name, _told(one))
        for case in training.cases
        for one in case.measurements
        if one.name not in shared
    )
    return Measured(shared, rows, others)


def _of(case: Case, name: str) -> str:
    return next((_told(one) for one in case.measurements if one.name == name), _NONE)


def _told(one: Measurement) -> str:
    return f"{number(one.value)} {unit(one.unit)}".rstrip()
