"""Compare a run's numbers with the host's own history and with its twins. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from deeprig.baselines.change import NOTHING_KNOWN, are_alike, change_between
from deeprig.baselines.model import Measured, Run
from deeprig.baselines.noise import smallest_drop
from deeprig.baselines.spread import FEWEST_VALUES, Reference, reference_of
from deeprig.certificate.baseline import Comparison
from deeprig.certificate.training import Outcome

OWN_HISTORY = "its own history"
#: Of each twin the newest runs, so that one that was verified often does not outvote the others.
RUNS_OF_A_TWIN = 5
#: A number that these many of the newest runs lack is no longer missed.
_MISSED_RUNS = 5
#: Of shares (UCUM's unity), which people write without it.
_NO_UNIT = "1"
#: The values that a baseline began with.
_BEGINNING = 10


def with_history(run: Run, series: Sequence[Run]) -> tuple[Comparison, ...]:
    """Compare with earlier runs of the same key, the oldest first, since their baseline began."""
    last = series[-1] if series else None
    promised = _comparable(run, series)
    change = change_between(last, run) if last else ""
    found = [
        _compared(one, _values(one, promised), OWN_HISTORY, change=change) for one in run.values
    ]
    missed = {
        one.test: one
        for earlier in series[-_MISSED_RUNS:]
        for one in earlier.values
        if run.measured(one.test) is None
    }
    return (*found, *(_missed(one) for one in missed.values()))


def with_twins(run: Run, twins: Mapping[str, Sequence[Run]]) -> tuple[Comparison, ...]:
    """Compare with runs of the same key on other hosts, by host; the software must be the same."""
    alike = {host: _newest_alike(run, runs) for host, runs in twins.items()}
    alike = {host: runs for host, runs in alike.items() if runs}
    if not alike:
        return ()
    names = ", ".join(sorted(alike))
    against = f"its twin{'s' if len(alike) > 1 else ''} {names}"
    return tuple(_compared(one, _pool(one, alike), against) for one in run.values)


def accepted(comparison: Comparison, why: str) -> Comparison:
    """Return a failed comparison as one that a person has accepted: it proves nothing."""
    if comparison.outcome != "fail":
        return comparison
    return replace(comparison, outcome="skip", reason=f"{why}: {comparison.reason}")


def since_beginning(runs: Sequence[Run]) -> tuple[Run, ...]:
    """Return the runs from the last one on that a person declared the beginning."""
    begins = [number for number, run in enumerate(runs) if run.begins]
    return tuple(runs[begins[-1] :] if begins else runs)


def _comparable(run: Run, series: Sequence[Run]) -> Sequence[Run]:
    """Return the runs with the software of now, or else of the last run, or all, if they suffice.

    A faster driver must not hide that the machine is now as slow as with the one before.
    """
    for like in (run, *series[-1:]):
        same = [earlier for earlier in series if are_alike(earlier, like)]
        if len(same) >= FEWEST_VALUES:
            return same
    return series


def _newest_alike(run: Run, runs: Sequence[Run]) -> list[Run]:
    current = since_beginning([one for one in runs if one.key == run.key])
    return [one for one in current if are_alike(one, run)][-RUNS_OF_A_TWIN:]


def _pool(one: Measured, twins: Mapping[str, Sequence[Run]]) -> list[float]:
    return [
        value
        for runs in twins.values()
        if one.test not in runs[-1].is_apart
        for value in _values(one, runs)
    ]


def _values(one: Measured, runs: Collection[Run]) -> list[float]:
    """Return the earlier values of a number; in another unit it is another number."""
    found = (run.measured(one.test) for run in runs)
    same = [m for m in found if m and (m.unit, m.better) == (one.unit, one.better)]
    return [m.value for m in same if m.value is not None]


def _compared(
    one: Measured, earlier: Sequence[float], against: str, *, change: str = ""
) -> Comparison:
    references = _references(one, earlier)
    if not references:
        reason = f"no verdict yet: {len(earlier)} of {FEWEST_VALUES} earlier values"
        return _told(one, None, against, "skip", reason, count=len(earlier))
    if one.value is None:
        reason = "it is not a finite number"
        return _told(one, references[0], against, "fail", reason, change=change)
    for reference in references:
        if reference.is_drop(one.value, one.better):
            reason = _drop(one, one.value, reference)
            return _told(one, reference, against, "fail", reason, change=change)
    changed = "" if change == NOTHING_KNOWN else change
    return _told(one, references[0], against, "pass", "", change=changed)


def _references(one: Measured, earlier: Sequence[float]) -> tuple[Reference, ...]:
    """Return what all earlier values promise, and what the first of many do.

    A machine that slows down a little every time drops below the first only.
    """
    spans = [earlier]
    if len(earlier) >= 2 * _BEGINNING:
        spans.append(earlier[:_BEGINNING])
    found = (reference_of(span, smallest_drop(one.test)) for span in spans)
    return tuple(reference for reference in found if reference)


def _drop(one: Measured, value: float, reference: Reference) -> str:
    limit = reference.limit(one.better)
    return (
        f"{_amount(one, value)}, before {_amount(one, reference.median)} "
        f"(median of {reference.count}; worse than {_amount(one, limit)} is a drop)"
    )


def _told(
    one: Measured,
    reference: Reference | None,
    against: str,
    outcome: Outcome,
    reason: str,
    *,
    count: int = 0,
    change: str = "",
) -> Comparison:
    return Comparison(
        test=one.test,
        environment=None,
        unit=one.unit,
        better=one.better,
        value=one.value,
        reference=reference.median if reference else None,
        spread=reference.sigma if reference else None,
        count=reference.count if reference else count,
        against=against,
        outcome=outcome,
        reason=reason,
        change=change,
    )


def _missed(one: Measured) -> Comparison:
    before = "no number" if one.value is None else _amount(one, one.value)
    reason = f"it was not measured now, and was {before} before"
    return _told(replace(one, value=None), None, OWN_HISTORY, "skip", reason)


def _amount(one: Measured, value: float) -> str:
    unit = "" if one.unit == _NO_UNIT else one.unit
    return f"{value:.4g} {unit}".rstrip()
