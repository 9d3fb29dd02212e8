"""Time windows: on which days, from when to when, in which zone hosts may be changed.

A window is a span of wall-clock time: on the day on which clocks go forward one between 02:00 and
03:00 does not occur, on the day on which they go back it occurs twice.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_FORM = re.compile(r"(?:(\S+) )?(\d\d):(\d\d)-(\d\d):(\d\d)")
_EXAMPLE = "such as 'mon-fri 22:00-06:00', 'sat,sun 08:00-20:00' or '22:00-04:00'"
_DAY_MINUTES = 24 * 60
_STEP = timedelta(minutes=1)
#: Windows repeat every week; the eighth day is for a window that a change of clocks leaves out.
_SEARCHED = timedelta(days=8)


@dataclass(frozen=True, slots=True)
class Window:
    """A window. ``days`` are those on which it opens; minutes count from midnight, end excluded."""

    days: tuple[int, ...]
    start_minute: int
    end_minute: int

    @classmethod
    def parse(cls, text: str) -> Window:
        """Return the window of a text such as ``mon-fri 22:00-06:00``. Raise ValueError.

        Without days it is every day's. An end that is not after its start is the next day's.
        """
        match = _FORM.fullmatch(text.strip().lower())
        if match is None:
            raise ValueError(f"{text!r} is no window, {_EXAMPLE}")
        start, end = _minute(match[2], match[3], text), _minute(match[4], match[5], text)
        return cls(_days(match[1], text), start % _DAY_MINUTES, end)

    def holds(self, local: datetime) -> bool:
        """Say whether the window is open at a wall-clock time."""
        minute, day = local.hour * 60 + local.minute, local.weekday()
        if self.start_minute < self.end_minute:
            return day in self.days and self.start_minute <= minute < self.end_minute
        of_yesterday = (day - 1) % 7 in self.days and minute < self.end_minute
        return of_yesterday or (day in self.days and minute >= self.start_minute)


@dataclass(frozen=True, slots=True)
class Calendar:
    """All windows of a lab; without any, every time is good. ``zone`` None is the controller's."""

    windows: tuple[Window, ...] = ()
    zone: str | None = None

    @classmethod
    def of(cls, windows: tuple[str, ...], zone: str | None) -> Calendar:
        """Return the calendar of the windows' texts. Raise ValueError for one that is none."""
        return cls(tuple(map(Window.parse, windows)), zone)

    def is_open(self, moment: datetime) -> bool:
        """Say whether hosts may be changed at a moment (one that knows its zone)."""
        local = moment.astimezone(self._zone())
        return not self.windows or any(window.holds(local) for window in self.windows)

    def closes_at(self, moment: datetime) -> datetime | None:
        """Return the first minute after an open moment that is closed; None: it stays open."""
        return self._first(moment, lambda at: not self.is_open(at)) if self.windows else None

    def opens_at(self, moment: datetime) -> datetime | None:
        """Return the first minute from now on that is open; None: none is within eight days."""
        return self._first(moment, self.is_open)

    def _first(self, moment: datetime, is_it: Callable[[datetime], bool]) -> datetime | None:
        """Try every minute: that knows each zone's changes of clocks without a rule of ours."""
        at = moment.astimezone(timezone.utc)
        if is_it(at):
            return at
        at = at.replace(second=0, microsecond=0)
        end = at + _SEARCHED
        while at < end:
            at += _STEP
            if is_it(at):
                return at
        return None

    def _zone(self) -> tzinfo | None:
        return ZoneInfo(self.zone) if self.zone else None


def _minute(hour: str, minute: str, text: str) -> int:
    total = int(hour) * 60 + int(minute)
    if int(minute) > 59 or total > _DAY_MINUTES:
        raise ValueError(f"{text!r} names a time that no day has; {_EXAMPLE}")
    return total


def _days(text: str | None, whole: str) -> tuple[int, ...]:
    if text is None:
        return tuple(range(7))
    days: list[int] = []
    for part in text.split(","):
        first, dash, last = part.partition("-")
        if first not in DAYS or (dash and last not in DAYS):
            raise ValueError(f"{whole!r}: {part!r} is no day of {', '.join(DAYS)}; {_EXAMPLE}")
        start = DAYS.index(first)
        span = (DAYS.index(last) - start) % 7 if dash else 0
        days += [(start + n) % 7 for n in range(span + 1)]
    return tuple(sorted(set(days)))
