"""Mark a snapshot as incomplete where only its end told that it is: a file could not be read."""

from __future__ import annotations

from deeprig_host.backup.arguments import INCOMPLETE
from deeprig_host.backup.outcome import failure
from deeprig_host.backup.reading import snapshots_in
from deeprig_host.backup.visit import Visit


def mark_incomplete(visit: Visit) -> None:
    """Put the tag on the snapshot that this run made; what keeps us from it is a remark.

    restic writes the snapshot anew and removes the one before (`restic tag`): only a host that may
    remove can do that. In ``told.details`` the snapshot has its new id then.
    """
    made = str(visit.told.details["snapshot"])
    untold = f"snapshot {made} lacks what is named here, and is not marked as incomplete"
    if visit.repository.prune != "here":
        visit.told.remarks.append(f"{untold}: this host may not remove snapshots, which that takes")
        return
    tagged = visit.reach(("tag", "--add", INCOMPLETE, made))
    if not tagged.answer.is_good:
        visit.told.remarks.append(failure(untold, tagged.answer, tagged.holder))
        return
    known = snapshots_in(visit.restic, visit.repository)
    new = (one.short_id for one in known if one.original.startswith(made))
    visit.told.details["snapshot"] = next(new, "")
