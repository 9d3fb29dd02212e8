"""Show how backups, checks or drills ended: a line per host and repository, then the reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.text import Text

from deeprig.backup.answer import HostAnswer
from deeprig.backup.document import mapping_of, number_of, text_of, texts_of
from deeprig.backup.far import size_text
from deeprig.backup.moments import moment
from deeprig.backup.show_table import show_table
from deeprig.report.screen import Column, Screen

_OUTCOME = Column("OUTCOME")
_HEAD = (Column("HOST"), Column("REPOSITORY"), _OUTCOME)
_COLUMNS: Mapping[str, tuple[Column, ...]] = {
    "run": (
        Column("SNAPSHOT"),
        Column("FILES", is_number=True),
        Column("SIZE", is_number=True),
        Column("NEW", is_number=True),
        Column("SECONDS", is_number=True),
    ),
    "check": (Column("READ"), Column("ALL READ SINCE"), Column("SIZE", is_number=True)),
    "drill": (
        Column("SNAPSHOT"),
        Column("RESTORED", is_number=True),
        Column("SIZE", is_number=True),
        Column("AS ON THE HOST", is_number=True),
        Column("AS BACKED UP", is_number=True),
    ),
}

#: Kinds of documents that are shown so.
JOBS = tuple(_COLUMNS)


def show_jobs(
    kind: str, hosts: Sequence[HostAnswer], screen: Screen, *, verbose: bool = False
) -> None:
    """Print it; ``verbose`` adds the remarks of what is good."""
    found = [
        (host.host, name, told if isinstance(told, dict) else {})
        for host in hosts
        for name, told in mapping_of(host.document, "repositories").items()
    ]
    if found:
        cells = (_cells(kind, *one) for one in found)
        rows = [
            (*map(screen.text, row[:2]), _outcome(row[2], screen), *map(screen.text, row[3:]))
            for row in cells
        ]
        show_table((*_HEAD, *_COLUMNS[kind]), rows, screen, _HEAD.index(_OUTCOME))
    for host, name, job in found:
        remarks = texts_of(job, "remarks") if verbose or texts_of(job, "reasons") else ()
        for line in (*texts_of(job, "reasons"), *(f"note: {one}" for one in remarks)):
            screen.line(screen.text(f"{host} {name}: ", "bold"), screen.text(line))


def _outcome(word: str, screen: Screen) -> Text:
    return screen.text(word, "green" if word == "good" else "bold red")


def _cells(kind: str, host: str, name: str, job: Mapping[str, Any]) -> tuple[str, ...]:
    details = mapping_of(job, "details")
    # "unproven" is a failure of its own kind; "good" is only what the job itself says.
    outcome = text_of(job, "outcome") or "?"
    if outcome == "failed" and text_of(details, "outcome") == "unproven":
        outcome = "unproven"
    return (host, name, outcome, *_numbers(kind, details))


def _numbers(kind: str, details: Mapping[str, Any]) -> tuple[str, ...]:
    if kind == "check":
        since = number_of(details, "all_read_since")
        read = text_of(details, "subset") or "?"
        return (read, _day(since), _size(details, "repository_bytes"))
    snapshot = text_of(details, "snapshot")[:8] or "none"
    if kind == "drill":
        live, recorded = _whole(details, "live"), _whole(details, "recorded")
        return (snapshot, _whole(details, "files"), _size(details, "size_bytes"), live, recorded)
    seconds = number_of(details, "seconds")
    return (
        snapshot,
        _whole(details, "files"),
        _size(details, "bytes"),
        _size(details, "added_bytes"),
        "?" if seconds is None else f"{seconds:.1f}",
    )


def _whole(details: Mapping[str, Any], key: str) -> str:
    number = number_of(details, key)
    return "?" if number is None else f"{number:.0f}"


def _size(details: Mapping[str, Any], key: str) -> str:
    number = number_of(details, key)
    return "?" if number is None else size_text(number)


def _day(then: float | None) -> str:
    return "not yet" if then is None else moment(then)[:10]
