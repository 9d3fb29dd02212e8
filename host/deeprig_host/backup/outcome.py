"""What restic's answer to a backup means for the job: reasons against it, and its numbers."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from deeprig_host.backup.answer import Answer, Meaning
from deeprig_host.backup.declared import Repository

_NAMED_FILES = 5
_REMEDIES: Mapping[Meaning, str] = {
    "no repository": "is its disk mounted, its server right? A new one needs create = yes",
    "wrong password": "have the password that the repository was made with in its password_file",
    "no restic": "`deeprig apply --role backup` installs it",
    "too long": "raise longest_hours, or lower what is backed up; the next run goes on from here",
    "locked": "wait for who has it; where that host is gone for good: `restic unlock` by hand",
    "partial": "have these files readable, or exclude them; the others are in the snapshot",
    "failed": "see what restic says; `deeprig backup now` tries again",
}
#: Of restic's summary: our name with its unit, restic's name.
_NUMBERS = (
    ("files", "total_files_processed"),
    ("bytes", "total_bytes_processed"),
    ("added_bytes", "data_added"),
    ("new_files", "files_new"),
    ("changed_files", "files_changed"),
    ("seconds", "total_duration"),
)


def backup_reasons(answer: Answer, repository: Repository, holder: str) -> tuple[str, ...]:
    """Return why a backup is not good, none where it is."""
    if answer.is_good:
        return () if snapshot_of(answer) else ("restic ended well and named no snapshot",)
    return (failure(f"backup to {repository.name}", answer, holder),)


def failure(what: str, answer: Answer, holder: str = "") -> str:
    """Return a failure of restic for people: what, why, and what helps."""
    said = answer.reason()
    if answer.meaning == "partial":
        said = unread_files(answer) or said
    if answer.meaning == "locked" and holder:
        said = f"held by {holder}"
    return f"{what}: {answer.meaning}: {said}; {_REMEDIES.get(answer.meaning, '')}"


def unread_files(answer: Answer) -> str:
    """Return which files restic could not read."""
    errors = [one for one in answer.messages if one.get("message_type") == "error"]
    names = [f"{one.get('item') or '?'} ({_why(one.get('error'))})" for one in errors]
    more = f" and {len(names) - _NAMED_FILES} more" if len(names) > _NAMED_FILES else ""
    return ", ".join(names[:_NAMED_FILES]) + more


def snapshot_of(answer: Answer) -> str:
    """Return the id of the snapshot that was made, empty where there is none."""
    return str((answer.summary() or {}).get("snapshot_id") or "")


def numbers_of(answer: Answer) -> dict[str, Any]:
    """Return the snapshot and restic's numbers of a backup, as far as it came."""
    summary = answer.summary()
    if summary is None:
        return {}
    numbers = {ours: summary.get(theirs) for ours, theirs in _NUMBERS}
    return {"snapshot": snapshot_of(answer), **numbers}


def _why(error: Any) -> str:
    """Return Go's error: an object with the number of errno(3), or with a message."""
    if not isinstance(error, dict):
        return str(error)
    number = error.get("Err")
    if isinstance(number, int) and not isinstance(number, bool):
        return os.strerror(number)
    return str(error.get("message") or error)
