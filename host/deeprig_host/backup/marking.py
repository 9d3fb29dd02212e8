"""Mark a snapshot as incomplete where only its end told that it is: a file could not be read."""

from __future__ import annotations

from typing import Any

from deeprig_host.backup.answer import Answer
from deeprig_host.backup.arguments import INCOMPLETE, TAG
from deeprig_host.backup.outcome import failure
from deeprig_host.backup.visit import Visit

_ID_CHARACTERS = 8


def mark_incomplete(visit: Visit, host: str) -> None:
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
    chosen = ("--host", host, "--tag", f"{TAG},{INCOMPLETE}")
    visit.told.details["snapshot"] = _new_id(
        visit.reach(("snapshots", "--json", *chosen)).answer, made
    )


def _new_id(answer: Answer, made: str) -> str:
    """Return the id of the snapshot that was another one's; empty where that is not told."""
    rows: list[dict[str, Any]] = answer.document() or [] if answer.is_good else []
    new = (row["id"] for row in rows if str(row.get("original") or "").startswith(made))
    return str(next(new, ""))[:_ID_CHARACTERS]
