"""Whether a snapshot holds every source: what lacks one is taken only where a person names it."""

from __future__ import annotations

from collections.abc import Sequence

from deeprig_host.backup.arguments import INCOMPLETE
from deeprig_host.backup.snapshots import Snapshot
from deeprig_host.machine.refusal import Refused


def is_whole(snapshot: Snapshot) -> bool:
    """Say whether every source was there, and, where it could be marked later, was read."""
    return INCOMPLETE not in snapshot.tags


def check_whole(newest: Snapshot, known: Sequence[Snapshot]) -> None:
    """Raise Refused where the newest snapshot of a host lacks a source.

    What it lacks would be missing after a restore, and nothing would say so. Whether what it holds
    is enough, only a person can tell.
    """
    if is_whole(newest):
        return
    whole = [one for one in known if one.host == newest.host and is_whole(one)]
    shown = [f"{one.short_id} is the newest whole one" for one in whole[-1:]]
    raise Refused(
        f"the newest snapshot of {newest.host}, {newest.short_id}, lacks a source",
        evidence=tuple(shown) or ("there is none that is whole",),
        remedy="choose: --snapshot ID",
    )
