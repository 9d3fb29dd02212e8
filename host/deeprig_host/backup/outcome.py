"""What restic's answer to a backup means for the job: reasons against it, and its numbers."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deeprig_host.backup.answer import Answer, Meaning, json_object
from deeprig_host.backup.declared import Repository

_NAMED_FILES = 5
#: Of an id; restic before 0.17 tells no more of a new snapshot's.
_ID_CHARACTERS = 8
#: Of a source that went after it was looked at: restic 0.14 goes on, and ends with 0.
_SKIPPED = "does not exist, skipping"
#: All that restic says beside the errors themselves when files could not be read.
_PARTIAL_WORDS = frozenset({"", "Warning: at least one source file could not be read"})
_REMEDIES: Mapping[Meaning, str] = {
    "no repository": "is its disk mounted, its server right? A new one needs create = yes",
    "wrong password": "have the password that the repository was made with in its password_file",
    "no restic": "`deeprig apply --role backup` installs it",
    "too long": "raise longest_hours, or lower what is backed up; the next run goes on from here",
    "locked": "wait for who has it; where that host is gone for good: `restic unlock` by hand",
    "partial": "have these files readable, or exclude them; the others are in the snapshot",
    "full": "make room there: a larger disk, fewer keep_..., or `restic prune` by hand",
    "failed": "see what restic says; `deeprig backup now` tries again",
}
_DAMAGE_REMEDY = "the repository is damaged, it seems: `deeprig backup check` tells"
#: Of restic's summary: our name with its unit, restic's name.
_NUMBERS = (
    ("files", "total_files_processed"),
    ("bytes", "total_bytes_processed"),
    ("added_bytes", "data_added"),
    ("new_files", "files_new"),
    ("changed_files", "files_changed"),
    ("seconds", "total_duration"),
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What speaks against a backup, and what is worth telling though it is good."""

    reasons: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


def verdict(answer: Answer, repository: Repository, holder: str) -> Verdict:
    """Return what is to be said of a backup; without reasons it is good.

    A file that was removed while the backup ran is no fault: there is nothing to be kept.
    """
    if answer.is_good:
        skipped = tuple(line for line in answer.errors if _SKIPPED in line)
        nameless = () if snapshot_of(answer) else ("restic ended well and named no snapshot",)
        return Verdict((*skipped, *nameless))
    gone = vanished(answer) if answer.meaning == "partial" else ()
    if gone and snapshot_of(answer):
        names = f"{', '.join(gone[:_NAMED_FILES])}{_more(gone)}"
        return Verdict(remarks=(f"removed by somebody while the backup ran: {names}",))
    return Verdict((failure(f"backup to {repository.name}", answer, holder),))


def vanished(answer: Answer) -> tuple[str, ...]:
    """Return the files that went while the backup ran, none where restic had any other fault."""
    told = [one for line in answer.errors if (one := json_object(line)) is not None]
    errors = [one for one in told if one.get("message_type") == "error"]
    words = {line.strip() for line in answer.errors if json_object(line) is None}
    others = [one for one in told if one.get("message_type") not in ("error", "exit_error")]
    # One line that is not understood, such as the rest of a cut one, may be any fault.
    if others or answer.is_cut or not words <= _PARTIAL_WORDS:
        return ()
    names = tuple(str(one.get("item") or "") for one in errors)
    is_all = all(_is_gone(error, name) for error, name in zip(errors, names, strict=True))
    return tuple(dict.fromkeys(names)) if is_all else ()  # it may be told by two of its passes


def _is_gone(error: Mapping[str, Any], name: str) -> bool:
    """Say whether an error is that a file was not there, and whether that is still so."""
    is_missing = _why(error.get("error")) == os.strerror(errno.ENOENT)
    return is_missing and name.startswith("/") and not os.path.lexists(name)


def failure(what: str, answer: Answer, holder: str = "") -> str:
    """Return a failure of restic for people: what, why, and what helps."""
    said = answer.reason()
    if answer.meaning == "partial":
        said = unread_files(answer) or said
        if any(one.get("item") == "/" for one in _errors(answer)):  # nothing of ours is named so
            return f"{what}: an earlier snapshot cannot be read: {said}; {_DAMAGE_REMEDY}"
    if answer.meaning == "locked" and holder:
        said = f"held by {holder}"
    return f"{what}: {answer.meaning}: {said}; {_REMEDIES.get(answer.meaning, '')}"


def unread_files(answer: Answer) -> str:
    """Return which files restic could not read."""
    errors = _errors(answer)
    names = [f"{one.get('item') or '?'} ({_why(one.get('error'))})" for one in errors]
    return ", ".join(names[:_NAMED_FILES]) + _more(names)


def _errors(answer: Answer) -> list[dict[str, Any]]:
    return [one for one in answer.messages if one.get("message_type") == "error"]


def snapshot_of(answer: Answer) -> str:
    """Return the id of the snapshot that was made, empty where there is none."""
    return str((answer.summary() or {}).get("snapshot_id") or "")[:_ID_CHARACTERS]


def numbers_of(answer: Answer) -> dict[str, Any]:
    """Return the snapshot and restic's numbers of a backup, as far as it came."""
    summary = answer.summary()
    if summary is None:
        return {}
    numbers = {ours: summary.get(theirs) for ours, theirs in _NUMBERS}
    return {"snapshot": snapshot_of(answer), **numbers}


def _why(error: Any) -> str:
    """Return Go's error: an object with the number of errno(3), or with a message.

    The message is ``PATH: open PATH: permission denied``; the path is told beside it.
    """
    if not isinstance(error, dict):
        return str(error)
    number = error.get("Err")
    if isinstance(number, int) and not isinstance(number, bool):
        return os.strerror(number)
    return str(error.get("message") or "no reason told").rpartition(": ")[2].capitalize()


def _more(names: Sequence[str]) -> str:
    return f" and {len(names) - _NAMED_FILES} more" if len(names) > _NAMED_FILES else ""
