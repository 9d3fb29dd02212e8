"""Which snapshots cannot be what they claim, by the server's own clock.

Who may append can push real snapshots out of the retention: with snapshots of the future all of
"the last" are his, with one for each evening of the past all of "the daily". The time in a snapshot
is the client's word; when its file arrived is the server's (its mtime: neither rclone nor the REST
server lets a client set it).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone

from deeprig_host.backup.snapshots import Snapshot
from deeprig_host.backup_server.declared import Keep
from deeprig_host.machine.commands import Machine

#: How far the clocks of two good machines may lie apart.
_CLOCKS_SECONDS = 15 * 60
_HOUR_SECONDS = 3600.0
_SECOND_NS = 1_000_000_000
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Arrival:
    """A snapshot, and when the server got it; None where there is no such file."""

    snapshot: Snapshot
    arrived: float | None

    @property
    def claimed(self) -> float:
        """Return when it began, as it says itself."""
        return self.snapshot.time_ns / _SECOND_NS


def arrivals(
    machine: Machine, repository: str, snapshots: Sequence[Snapshot]
) -> tuple[Arrival, ...]:
    """Return when each snapshot arrived in a local repository."""
    directory = machine.path(repository) / "snapshots"
    found = []
    for snapshot in snapshots:
        try:
            arrived: float | None = (directory / snapshot.id).stat().st_mtime
        except FileNotFoundError:
            arrived = None
        found.append(Arrival(snapshot, arrived))
    return tuple(found)


def impossible(found: Sequence[Arrival], keep: Keep, now: float) -> tuple[str, ...]:
    """Return, as reasons, the snapshots whose own time cannot be true."""
    reasons = [text for one in found if (text := _fault(one, keep, now))]
    if len(reasons) > _SHOWN:
        return (*reasons[:_SHOWN], f"and {len(reasons) - _SHOWN} more")
    return tuple(reasons)


def shrunk(sizes: Mapping[str, Sequence[int]], keep: Keep) -> tuple[str, ...]:
    """Return, as reasons, the groups whose newest snapshot holds too little of what was there.

    ``sizes`` are bytes of a group's snapshots, the newest last.
    """
    reasons = []
    for group, known in sizes.items():
        earlier = sorted(known[:-1])
        if not earlier:
            continue
        middle = earlier[len(earlier) // 2]
        if known[-1] * 100 < middle * keep.smallest_percent:
            reasons.append(
                f"the newest snapshot of {group} holds {known[-1]} bytes, earlier ones {middle}"
            )
    return tuple(reasons)


def _fault(one: Arrival, keep: Keep, now: float) -> str:
    name = f"snapshot {one.snapshot.short_id} says {_when(one.claimed)}"
    if one.arrived is None:
        return f"{name} and has no file"
    if one.arrived > now + _CLOCKS_SECONDS:
        return f"{name} and its file is of the future: the server's clock was wrong"
    if one.claimed > one.arrived + _CLOCKS_SECONDS:
        return f"{name} and came before, {_when(one.arrived)}"
    if one.arrived - one.claimed > keep.longest_hours * _HOUR_SECONDS + _CLOCKS_SECONDS:
        return f"{name} and came only {_when(one.arrived)}"
    return ""


def _when(time: float) -> str:
    try:
        return datetime.fromtimestamp(time, timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    except (OverflowError, ValueError, OSError):
        return f"{time:.0f} s"
