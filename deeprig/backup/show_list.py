"""Show the snapshots of repositories, newest last: of which host, when, of what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from deeprig.backup.answer import HostAnswer
from deeprig.backup.document import mapping_of, number_of, rows_of, text_of, texts_of
from deeprig.backup.moments import moment
from deeprig.report.screen import Column, Screen

_COLUMNS = (
    Column("SNAPSHOT"),
    Column("TIME (UTC)"),
    Column("HOST"),
    Column("TAGS"),
    Column("PATHS", folds=True),
)
#: Of each repository, unless all are asked for.
_NEWEST = 20


def show_list(hosts: Sequence[HostAnswer], screen: Screen, *, is_whole: bool) -> None:
    """Print the newest snapshots of each repository, or all."""
    for host in hosts:
        for name, told in mapping_of(host.document, "repositories").items():
            _show(f"{host.host} {name}", told if isinstance(told, dict) else {}, screen, is_whole)


def _show(head: str, told: Mapping[str, Any], screen: Screen, is_whole: bool) -> None:
    refused = mapping_of(told, "refused")
    if refused or "snapshots" not in told:
        why = "; ".join((text_of(refused, "reason"), *texts_of(refused, "evidence")))
        parts = (screen.text("unknown", "bold red"), screen.text(f": {why or 'no answer'}"))
        screen.line(screen.text(f"{head}: ", "bold"), *parts)
        if text_of(refused, "remedy"):
            screen.indented(screen.text(f"-> {text_of(refused, 'remedy')}"))
        return
    rows = tuple(rows_of(told, "snapshots"))
    shown = rows if is_whole else rows[-_NEWEST:]
    count = f"{len(rows)} snapshot{'' if len(rows) == 1 else 's'}"
    more = f", the newest {len(shown)} of them (-v shows all)" if len(shown) < len(rows) else ""
    screen.line(screen.text(head, "bold"), screen.text(f": {count}{more}"))
    if shown:
        cells = ([screen.text(cell) for cell in _cells(row)] for row in shown)
        screen.table(_COLUMNS, cells)


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        text_of(row, "id")[:8] or "?",
        moment(number_of(row, "time")),
        text_of(row, "host") or "?",
        ",".join(texts_of(row, "tags")),
        " ".join(texts_of(row, "paths")),
    )
