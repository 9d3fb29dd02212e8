"""How much a client's newest snapshots hold, of what can be compared with each other."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from deeprig_host.backup.arguments import INCOMPLETE
from deeprig_host.backup.declared import Repository
from deeprig_host.backup.reading import ask, check_good
from deeprig_host.backup.restic import Restic
from deeprig_host.backup.snapshots import Snapshot
from deeprig_host.machine.refusal import Refused

#: A host and the tags of its snapshots: what ``forget`` groups by.
Group = tuple[str, frozenset[str]]
#: With so many the middle of the sizes is nobody's single bad day.
_COMPARED = 7


def sizes(
    restic: Restic,
    repository: Repository,
    snapshots: Sequence[Snapshot],
    accepted: Collection[str] = (),
) -> dict[str, list[int]]:
    """Return what a restore of each group's newest snapshots takes, in bytes, the newest last.

    Only groups of which there is something to compare. Raise Refused where restic does not tell it.
    """
    return {
        " ".join((host, *sorted(tags))): [_size(restic, repository, one) for one in members]
        for (host, tags), members in compared(snapshots, accepted).items()
    }


def compared(
    snapshots: Sequence[Snapshot], accepted: Collection[str] = ()
) -> dict[Group, list[Snapshot]]:
    """Return the snapshots whose sizes are compared, of each group, the newest last.

    They begin with the newest that a person took for good: what was before it is no measure any
    more. Incomplete ones differ by nature, each lacks what could not be read that night: only where
    a machine has no others do they count.
    """
    groups: dict[Group, list[Snapshot]] = {}
    for snapshot in snapshots:
        groups.setdefault((snapshot.host, frozenset(snapshot.tags)), []).append(snapshot)
    found = {
        group: _since_accepted(members[-_COMPARED:], accepted)
        for group, members in groups.items()
        if not _has_complete_ones(group, groups)
    }
    return {group: members for group, members in found.items() if len(members) > 1}


def _has_complete_ones(group: Group, groups: Mapping[Group, object]) -> bool:
    """Say whether a group holds incomplete snapshots of a machine that has complete ones too."""
    host, tags = group
    return INCOMPLETE in tags and (host, tags - {INCOMPLETE}) in groups


def _since_accepted(members: list[Snapshot], accepted: Collection[str]) -> list[Snapshot]:
    newest = max((at for at, one in enumerate(members) if one.id in accepted), default=0)
    return members[newest:]


def _size(restic: Restic, repository: Repository, snapshot: Snapshot) -> int:
    words = ("stats", "--json", "--mode", "restore-size", snapshot.id)
    reached = ask(restic, repository, *words)
    check_good(reached, repository, f"the size of snapshot {snapshot.short_id} cannot be read")
    try:
        return int(reached.answer.document()["total_size"])
    except (ValueError, KeyError, TypeError) as error:
        reason = f"restic tells no size of snapshot {snapshot.short_id}"
        raise Refused(reason, evidence=(repr(error),), outcome="failed") from error
