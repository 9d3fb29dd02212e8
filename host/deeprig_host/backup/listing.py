"""What people read: the snapshots of a repository, and how checks and drills ended."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from deeprig_host.backup.snapshots import Snapshot
from deeprig_host.backup.status import JobStatus

_SECOND_NS = 1_000_000_000
_HEAD = ("ID", "TIME (UTC)", "HOST", "TAGS", "PATHS")


def rows(snapshots: Sequence[Snapshot]) -> list[dict[str, Any]]:
    """Return the snapshots as JSON values; times are seconds since 1970."""
    return [
        {
            "id": one.id,
            "short_id": one.short_id,
            "time": one.time_ns / _SECOND_NS,
            "host": one.host,
            "tags": list(one.tags),
            "paths": list(one.paths),
        }
        for one in snapshots
    ]


def table(snapshots: Sequence[Snapshot]) -> str:
    """Return the snapshots for people, oldest first."""
    if not snapshots:
        return "there is no snapshot\n"
    told = [_HEAD, *(_cells(one) for one in snapshots)]
    widths = [max(len(row[column]) for row in told) for column in range(len(_HEAD) - 1)]
    lines = (
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]])
        for row in told
    )
    return "".join(f"{line.rstrip()}\n" for line in lines)


def proof_lines(ended: Mapping[str, JobStatus]) -> tuple[str, ...]:
    """Return how checks or drills ended, with what was proven and every reason."""
    lines = []
    for name, job in ended.items():
        lines.append(f"{name}: {job.details.get('outcome', job.outcome)}{_proven(job.details)}")
        lines.extend(f"  {reason}" for reason in job.reasons)
        lines.extend(f"  note: {remark}" for remark in job.remarks)
    return tuple(lines)


def _proven(details: Mapping[str, Any]) -> str:
    if details.get("subset"):
        return f": part {details['subset']} of the data"
    if details.get("files"):
        told = "{files} of {candidates} files of snapshot {snapshot} restored: {live} compared "
        told += "with this machine's, {recorded} with digests of the backup (seed {seed})"
        return ": " + told.format_map(details)
    return ""


def _cells(one: Snapshot) -> tuple[str, ...]:
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(one.time_ns // _SECOND_NS))
    return (one.short_id, when, one.host, ",".join(one.tags), " ".join(one.paths))
