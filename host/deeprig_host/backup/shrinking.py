"""A backup that has far less than the good one before it: a disk may be away, and not its place.

What shrank is no measure for the next one: else a disk that is away for two runs would have the
backups forgotten that hold its files. It stays shrunk until there is more again, or a person says
that less is meant.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deeprig_host.backup.status import JobStatus

#: As the alert BackupShrunk, and a server's smallest_percent.
_LEAST_SHARE = 0.5
_COUNTED = ("files", "bytes")


def numbers_before(last: JobStatus | None) -> dict[str, Any]:
    """Return what the last good backup held that did not itself shrink.

    Told by that one, or by the failed and shrunk ones after it.
    """
    if last is None:
        return {}
    is_measure = last.outcome == "good" and not shrunk(last.details, last.details)
    ending = "" if is_measure else "_before"
    pairs = ((f"{key}_before", last.details.get(f"{key}{ending}")) for key in _COUNTED)
    return {name: value for name, value in pairs if value is not None}


def accepted(details: Mapping[str, Any]) -> dict[str, Any]:
    """Return the numbers before of a backup that a person took for whole: its own."""
    return {f"{key}_before": details[key] for key in _COUNTED if key in details}


def shrunk(details: Mapping[str, Any], before: Mapping[str, Any]) -> str:
    """Return in words how much less a backup has, empty where it has not or nothing is known."""
    for key in _COUNTED:
        now, then = details.get(key), before.get(f"{key}_before")
        if isinstance(now, int) and isinstance(then, int) and now < _LEAST_SHARE * then:
            return f"{now} {key}, the good one before had {then}"
    return ""
