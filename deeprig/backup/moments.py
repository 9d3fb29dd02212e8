"""Times that hosts told, for people."""

from __future__ import annotations

from datetime import datetime, timezone

_UNITS = ((86_400.0, "days"), (3600.0, "h"), (60.0, "min"))
#: A clock that is a little ahead of ours is no news.
_SLACK_SECONDS = 60.0


def ago(now: float, then: float | None) -> str:
    """Return how long ago something was: ``5 h ago``; ``never`` for None."""
    if then is None:
        return "never"
    if then > now + _SLACK_SECONDS:
        return f"in the future ({moment(then)})"
    return f"{span(max(0.0, now - then))} ago"


def until(now: float, then: float | None) -> str:
    """Return when something will be: ``in 5 h``; ``never`` for None."""
    if then is None:
        return "never"
    return "now" if then <= now else f"in {span(then - now)}"


def span(seconds: float) -> str:
    """Return a time for people, in the largest unit of which there are two (of hours: one)."""
    for size, unit in _UNITS:
        if seconds >= size * (2 if unit == "days" else 1):
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def moment(then: float | None) -> str:
    """Return a time as UTC; ``?`` for None, or for what is none."""
    if then is None:
        return "?"
    try:
        return datetime.fromtimestamp(then, timezone.utc).strftime("%Y-%m-%d %H:%M:%S")
    except (ValueError, OverflowError, OSError):
        return "?"
