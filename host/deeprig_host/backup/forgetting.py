"""Forget what the retention does not keep; never while a clock is, or was, wrong.

restic keeps the newest of each day by the times that snapshots carry. One that a wrong clock dated
into the future stays the newest for years, and the true ones go in its place. So restic first only
tells what it would forget, with the times of all snapshots.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from deeprig_host.backup.answer import Answer
from deeprig_host.backup.arguments import forget_words
from deeprig_host.backup.outcome import failure
from deeprig_host.backup.schedule import CLOCK_SLACK_SECONDS
from deeprig_host.backup.snapshots import parse_time_ns
from deeprig_host.backup.visit import Visit
from deeprig_host.machine.refusal import Refused

_SECOND_NS = 1_000_000_000
_NAMED = 3
_ID_CHARACTERS = 8


@dataclass(frozen=True, slots=True)
class Forecast:
    """What restic would forget, and which snapshots are dated into the future."""

    removed: int
    future: tuple[str, ...]


def forget(visit: Visit, host: str, now: float) -> None:
    """Forget and prune, when there is something to forget; what stops it is a reason told."""
    began = time.monotonic()
    _forget(visit, host, now)
    visit.told.details["forget_seconds"] = round(time.monotonic() - began, 3)


def _forget(visit: Visit, host: str, now: float) -> None:
    words = forget_words(visit.repository, host)
    asked = visit.reach((*words, "--dry-run", "--json"))
    forecast = forecast_of(asked.answer, now) if asked.answer.is_good else None
    if forecast is not None and forecast.future:
        visit.told.reasons.append(_future(visit, forecast, now))
        return
    if forecast is not None and not forecast.removed:
        return
    done = visit.reach((*words, "--prune")) if forecast is not None else asked
    if not done.answer.is_good:
        what = f"the backup is made, but forgetting old ones of {visit.repository.name} is not"
        visit.told.reasons.append(failure(what, done.answer, done.holder))


def forecast_of(answer: Answer, now: float) -> Forecast:
    """Return what restic would do. Raise Refused where its answer is not understood."""
    try:
        groups = answer.document() or []
        kept = [one for group in groups for one in group["keep"] or ()]
        removed = [one for group in groups for one in group["remove"] or ()]
        future = tuple(_named(one) for one in (*kept, *removed) if _time(one) > now)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Refused(
            "restic does not tell what it would forget in a way that this program knows",
            evidence=(f"{answer.lines[:1]!r:.200}", f"{type(error).__name__}: {error}"),
            remedy="compare `restic version` with what deeprig supports (0.14 and later)",
            outcome="failed",
        ) from error
    return Forecast(len(removed), future)


def _future(visit: Visit, forecast: Forecast, now: float) -> str:
    when = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(now))
    names = ", ".join(forecast.future[-_NAMED:])
    return (
        f"the backup is made, but nothing is forgotten in {visit.repository.name}: a clock was or"
        f" is wrong: here it is {when}, and there is snapshot {names}; have the clock right"
        " (`timedatectl`), and where it is, `restic forget` that snapshot by its id"
    )


def _named(snapshot: dict[str, Any]) -> str:
    return f"{snapshot['id'][:_ID_CHARACTERS]} of {snapshot['time'][:16].replace('T', ' ')}"


def _time(snapshot: dict[str, Any]) -> float:
    """Return when a snapshot can have been made at the earliest."""
    return parse_time_ns(snapshot["time"]) / _SECOND_NS - CLOCK_SLACK_SECONDS
