"""Show what a restore did, or would do: counted, and by path what a person must know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deeprig.backup.answer import HostAnswer
from deeprig.backup.document import is_true, mapping_of, number_of, rows_of, text_of, texts_of
from deeprig.backup.far import size_text
from deeprig.backup.moments import moment
from deeprig.report.screen import Screen

#: What is done about a thing: what people read when it was done, and when it would be.
_WORDS = {
    "failed": ("could not be restored", "could not be restored"),
    "conflict": ("in the way", "in the way"),
    "kept": ("kept", "would be kept"),
    "replaced": ("replaced", "would be replaced"),
    "created": ("made", "would be made"),
    "same": ("the same already", "the same already"),
}
_BAD = ("failed", "conflict")
_SHOWN = 20


def show_restored(host: HostAnswer, screen: Screen, *, is_whole: bool) -> None:
    """Print it; ``is_whole`` names every path that the host named."""
    told = host.document
    if "counts" not in told:
        return
    is_dry = is_true(told, "is_dry_run")
    _show_head(host.host, told, screen, is_dry=is_dry)
    show_counts(mapping_of(told, "counts"), told, screen, is_dry=is_dry, is_whole=is_whole)


def show_counts(
    counts: Mapping[str, Any],
    told: Mapping[str, Any],
    screen: Screen,
    *,
    is_dry: bool,
    is_whole: bool,
) -> None:
    """Print how many things became what, and the paths of ``told`` that a person must know."""
    for action, words in _WORDS.items():
        number = number_of(counts, action)
        if number:
            style = "bold red" if action in _BAD else ""
            screen.indented(screen.text(f"{number:.0f} {words[is_dry]}", style))
            _show_paths(action, told, int(number), screen, is_whole=is_whole)
    if not any(counts.values()):
        screen.indented(screen.text("nothing"))


def _show_head(host: str, told: Mapping[str, Any], screen: Screen, *, is_dry: bool) -> None:
    snapshot = mapping_of(told, "snapshot")
    target = text_of(told, "target")
    of = text_of(snapshot, "host")
    size = number_of(told, "size_bytes")
    words = [
        "nothing is changed; a restore" if is_dry else "restored",
        f"of snapshot {text_of(snapshot, 'id')[:8]} ({moment(number_of(snapshot, 'time'))} UTC",
    ]
    words[-1] += f", of {of})" if of and of != host else ")"
    words.append(f"from {text_of(told, 'repository')}")
    words.append("in place" if target == "/" else f"to {target}")
    amount = "" if size is None else f", {size_text(size)}"
    paths = " ".join(texts_of(told, "paths"))
    screen.line(
        screen.text(f"{host}: ", "bold"), screen.text(f"{' '.join(words)}{amount}: {paths}")
    )
    if snapshot.get("is_complete") is False:
        lacking = "the snapshot lacks a source: what was in that is not restored"
        screen.indented(screen.text(lacking, "bold red"))


def _show_paths(
    action: str, told: Mapping[str, Any], number: int, screen: Screen, *, is_whole: bool
) -> None:
    if action == "same":
        return
    rows = [row for row in rows_of(told, "placed") if text_of(row, "action") == action]
    # What went well is counted; a person asks for its paths.
    most = len(rows) if is_whole else _SHOWN if action != "created" else 0
    for row in rows[:most]:
        reason = text_of(row, "reason")
        why = f": {reason}" if reason and action != "created" else ""
        screen.indented(screen.text(f"{text_of(row, 'path')}{why}"), 2)
    left = number - min(most, len(rows))
    if left > 0 and most:
        screen.indented(screen.text(f"and {left} more{'' if is_whole else ' (-v)'}"), 2)
