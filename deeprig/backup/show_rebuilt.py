"""Show what a rebuild did, or would do, and whether the machine is what the dead one was."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from deeprig.backup.answer import HostAnswer
from deeprig.backup.document import is_true, mapping_of, rows_of, text_of, texts_of
from deeprig.backup.show_restored import show_counts
from deeprig.report.screen import Screen

_SHOWN = 20
#: Of the host's lists: what a person reads before what would be made.
_FORESEEN = (("groups", "make group"), ("users", "make user"))
_LACKING = (
    ("packages", "chosen packages that are missing"),
    ("unmarked", "chosen packages that are here as a dependency only"),
    ("holds", "packages that were on hold"),
)
_GOOD = ("same", "extra")


def show_rebuilt(host: HostAnswer, screen: Screen, *, is_whole: bool) -> None:
    """Print it; ``is_whole`` names every path and every difference that the host named."""
    told = host.document
    if "of_host" not in told:
        return
    is_dry = is_true(told, "is_dry_run")
    doing = "nothing is changed; a rebuild" if is_dry else "a rebuild"
    what = f"{doing} of {text_of(told, 'of_host')}, snapshot {text_of(told, 'snapshot')[:8]}"
    screen.line(screen.text(f"{host.host}: ", "bold"), screen.text(what))
    for line in (*_people(told), *_made(told), *_notes(told)):
        screen.indented(screen.text(line, "bold red" if line.startswith("failed: ") else ""))
    for key, where in (("restored", "in place"), ("restored_aside", "aside")):
        restored = mapping_of(told, key)
        if restored:
            screen.indented(screen.text(f"{where}:"))
            counts = mapping_of(restored, "counted")
            show_counts(counts, restored, screen, is_dry=is_dry, is_whole=is_whole)
    if not is_dry:
        _show_verdict(host.host, told, screen, is_whole=is_whole)


def _people(told: Mapping[str, Any]) -> Iterator[str]:
    for key, words in _FORESEEN:
        for row in rows_of(told, key):
            yield f"would {words} {text_of(row, 'name')}"
    for pair in _pairs(told, "memberships"):
        yield f"would put {pair[0]} into {pair[1]}"
    for path in texts_of(told, "environments"):
        yield f"would make the environment {path}"


def _made(told: Mapping[str, Any]) -> Iterator[str]:
    for row in rows_of(told, "made"):
        bad = "" if is_true(row, "is_good") else "failed: "
        yield f"{bad}{text_of(row, 'name')}: {text_of(row, 'reason')}"


def _notes(told: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a person has to know or to do."""
    for one in texts_of(told, "other_installations"):
        yield f"another installation had this name too: --snapshot {one[:8]} takes it"
    yield from texts_of(told, "shells")
    for user, group in _pairs(told, "withheld"):
        yield f"{user} was in {group}, which makes root: only the inventory gives that"
    for key, words in _LACKING:
        names = texts_of(mapping_of(told, "packages"), key)
        if names:
            yield f"{words}: {' '.join(names)}"
    if texts_of(told, "aside"):
        yield f"aside, for you to look at: {' '.join(texts_of(told, 'aside'))}"
    left = tuple(rows_of(told, "left"))
    yield from (f"only in the backup: {text_of(one, 'path')}" for one in left[:_SHOWN])
    if len(left) > _SHOWN:
        yield f"and {len(left) - _SHOWN} more only in the backup"


def _show_verdict(host: str, told: Mapping[str, Any], screen: Screen, *, is_whole: bool) -> None:
    is_back = is_true(told, "is_rebuilt")
    verdict = screen.text("rebuilt", "green") if is_back else screen.text("not rebuilt", "bold red")
    screen.line(screen.text(f"{host}: ", "bold"), verdict)
    findings = tuple(rows_of(told, "findings"))
    for area in dict.fromkeys(text_of(one, "area") for one in findings):
        of_it = [one for one in findings if text_of(one, "area") == area]
        counts = Counter(text_of(one, "verdict") for one in of_it)
        screen.indented(screen.text(f"{area}: {', '.join(_counted(counts))}"))
        other = [one for one in of_it if text_of(one, "verdict") not in _GOOD]
        for one in other if is_whole else other[:_SHOWN]:
            detail = text_of(one, "detail")
            words = f"{text_of(one, 'name')}: {text_of(one, 'verdict')}"
            screen.indented(screen.text(words + (f" ({detail})" if detail else "")), 2)
        if len(other) > _SHOWN and not is_whole:
            screen.indented(screen.text(f"and {len(other) - _SHOWN} more (-v)"), 2)


def _counted(counts: Counter[str]) -> Iterator[str]:
    return (f"{number} {word}" for word, number in sorted(counts.items()))


def _pairs(told: Mapping[str, Any], key: str) -> Iterator[tuple[str, str]]:
    found = told.get(key)
    for one in found if isinstance(found, list) else ():
        if isinstance(one, list) and len(one) == 2 and all(isinstance(part, str) for part in one):
            yield (one[0], one[1])
