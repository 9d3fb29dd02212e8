"""The time as reports write it."""

from __future__ import annotations

from datetime import datetime, timezone


def now() -> str:
    """Return the time as ISO 8601 in UTC, in whole seconds."""
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
