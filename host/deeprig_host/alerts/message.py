"""One message per run: what began, what still lasts, what is over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Literal

Kind = Literal["began", "lasts", "resolved", "unknown", "test"]

_HEADINGS: dict[Kind, str] = {
    "began": "New",
    "lasts": "Still so",
    "resolved": "Over",
    "unknown": "No longer known",
    "test": "Test",
}
#: Most urgent first.
LEVELS = ("critical", "warning", "info")


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing that a message tells; ``since`` is in unix seconds."""

    kind: Kind
    alert: str
    severity: str
    summary: str
    remedy: str
    since: float


@dataclass(frozen=True, slots=True)
class Message:
    """What is told at once: ``level`` is critical, warning or info (nothing to do)."""

    host: str
    time: float
    level: str
    title: str
    text: str
    notices: tuple[Notice, ...]


def compose(host: str, notices: Sequence[Notice], now: float) -> Message:
    """Return the message of at least one notice."""
    level = min((_level(notice) for notice in notices), key=LEVELS.index)
    first = min(notices, key=lambda notice: LEVELS.index(_level(notice)))
    more = f" (and {len(notices) - 1} more)" if len(notices) > 1 else ""
    over = "" if _is_wrong(first) else f"{_HEADINGS[first.kind].lower()}: "
    title = f"[{host}] {level}: {over}{first.summary}{more}"
    parts = [_part(kind, [one for one in notices if one.kind == kind]) for kind in _HEADINGS]
    text = "\n".join((*(part for part in parts if part), f"{host}, {moment(now)}"))
    return Message(host, now, level, title, text + "\n", tuple(notices))


def moment(at: float) -> str:
    """Return a time for people."""
    return datetime.fromtimestamp(at, tz=timezone.utc).strftime("%Y-%m-%d %H:%M UTC")


def duration(seconds: float) -> str:
    """Return a span of time for people: 40 s, 3 min, 5 h, 2 days."""
    for unit, length in (("days", 2 * 86400), ("h", 2 * 3600), ("min", 2 * 60)):
        if abs(seconds) >= length:
            return f"{seconds / {'days': 86400, 'h': 3600, 'min': 60}[unit]:.0f} {unit}"
    return f"{seconds:.0f} s"


def _level(notice: Notice) -> str:
    return notice.severity if _is_wrong(notice) else "info"


def _is_wrong(notice: Notice) -> bool:
    return notice.kind in ("began", "lasts")


def _part(kind: Kind, notices: Sequence[Notice]) -> str:
    """Return a heading and its notices, critical ones first."""
    if not notices:
        return ""
    ordered = sorted(notices, key=lambda notice: LEVELS.index(notice.severity))
    return "\n".join((f"{_HEADINGS[kind]}:", *(_lines(notice) for notice in ordered), ""))


def _lines(notice: Notice) -> str:
    head = f"- {notice.severity} {notice.alert}: {notice.summary}"
    if not _is_wrong(notice):
        return head
    return f"{head}\n  since {moment(notice.since)}\n  {notice.remedy}"
