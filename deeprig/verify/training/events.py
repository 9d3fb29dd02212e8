"""The suite's lines of events, read from a host that may say anything."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from deeprig.report.printable import printable

#: Of ``host/deeprig_host/training/suite_document.py``.
SCHEMA = "deeprig.training/2"
_OUTCOMES = {"pass": True, "fail": False}
_LONGEST_TEXT = 200
_LONGEST_SECONDS = 1e9


@dataclass(frozen=True, slots=True)
class CaseEnded:
    """A case of the suite. ``is_good`` None is unknown; ``is_skipped``: it cannot run there."""

    name: str
    group: str
    is_good: bool | None
    is_skipped: bool
    reason: str
    seconds: float
    told: Mapping[str, Any]


@dataclass(slots=True)
class Heard:
    """What a run has told so far; ``document`` is None until it has ended by itself."""

    on_case: Callable[[CaseEnded], None]
    on_progress: Callable[[str], None]
    cases: list[CaseEnded] = field(default_factory=list)
    started: tuple[str, ...] = ()
    document: dict[str, Any] | None = None
    other_words: list[str] = field(default_factory=list)

    def take(self, line: str) -> None:
        """Take in a line. What is no event is kept as words, for when there is no document."""
        try:
            told = json.loads(line)
        except (ValueError, RecursionError):  # RecursionError: nested too deep for any answer
            told = None
        if not isinstance(told, dict) or not self._event(told):
            self.other_words = [*self.other_words[-20:], line[:1000]]

    def _event(self, told: dict[str, Any]) -> bool:
        event = told.get("event")
        if event == "started" and isinstance(told.get("cases"), list):
            self.started = tuple(map(str, told["cases"]))
        elif event == "case_started":
            self.on_progress(_short(told.get("name")))
        elif event == "progress":
            self.on_progress(f"{_short(told.get('name'))}: {_short(told.get('text'))}")
        elif event == "case_finished" and isinstance(told.get("result"), dict):
            case = _case(told["result"])
            self.cases.append(case)
            self.on_case(case)
        elif event == "document" and isinstance(told.get("document"), dict):
            self.document = told["document"]
        else:
            return False
        return True


def _case(told: dict[str, Any]) -> CaseEnded:
    outcome = told.get("outcome")
    return CaseEnded(
        name=_short(told.get("name")) or "a case without a name",
        group=_short(told.get("group")),
        is_good=_OUTCOMES.get(outcome) if isinstance(outcome, str) else None,
        is_skipped=outcome == "skip",
        reason=printable(str(told.get("reason") or "")),
        seconds=_seconds(told.get("seconds")),
        told=told,
    )


def _seconds(value: Any) -> float:
    """Return a time; a number that is none, or that no clock tells, is 0."""
    try:
        seconds = float(value)
    except (TypeError, ValueError, OverflowError):
        return 0.0
    return seconds if 0 <= seconds < _LONGEST_SECONDS else 0.0


def _short(value: Any) -> str:
    return printable(str(value or ""))[:_LONGEST_TEXT]
