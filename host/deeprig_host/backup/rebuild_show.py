"""A rebuild in words and as a document: what would be done, what was, and what is still lacking."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any

from deeprig_host.backup.compare import Finding, is_rebuilt
from deeprig_host.backup.rebuild_environments import Made
from deeprig_host.backup.rebuild_packages import Lacking
from deeprig_host.backup.rebuild_plan import Foreseen, Rebuilt
from deeprig_host.backup.restore import Restored
from deeprig_host.backup.restored_show import restored_text
from deeprig_host.backup.snapshots import Snapshot
from deeprig_host.backup.state_accounts import is_of_people
from deeprig_host.backup.state_part import printable
from deeprig_host.backup.state_show import comparison_lines

_SHOWN = 20
_SECOND_NS = 1_000_000_000


def foreseen_text(foreseen: Foreseen, restored: Restored | None) -> str:
    """Return what a rebuild would do."""
    accounts = foreseen.accounts
    lines = [f"a dry run, of {_of(foreseen.found.source.snapshot)}"]
    lines += [f"would make group {one.name} with the number {one.gid}" for one in accounts.groups]
    lines += [f"would make user {one.name} with the number {one.uid}" for one in accounts.users]
    lines += [f"would put {user} into {group}" for user, group in accounts.memberships]
    lines += _notes(foreseen)
    lines += [f"would make the environment {one.path}" for one in foreseen.environments]
    lines += _packages(foreseen.packages)
    text = _text(lines)
    return text + (restored_text(restored, is_done=False) if restored else "")


def rebuilt_text(foreseen: Foreseen, done: Rebuilt) -> str:
    """Return what was done, and whether the machine is what it was."""
    lines = [f"of {_of(foreseen.found.source.snapshot)}"]
    lines += [f"{'' if one.is_good else 'failed: '}{one.name}: {one.reason}" for one in done.made]
    lines += _notes(foreseen)
    lines += _packages(_still_lacking(foreseen.packages, done.made))
    told = "".join(
        f"{where}: {restored_text(one, is_done=True)}"
        for where, one in (("in place", done.in_place), ("aside", done.aside))
        if one is not None
    )
    end = comparison_lines(done.findings)
    if is_rebuilt(done.findings) and not done.is_good:
        end = (*end, "but not all could be done: what failed stands above")
    return _text(lines) + told + _text(end)


def foreseen_document(foreseen: Foreseen, restored: Restored | None) -> dict[str, Any]:
    """Return what a rebuild would do, for a program."""
    accounts = foreseen.accounts
    return _head(foreseen) | {
        "is_dry_run": True,
        "groups": [asdict(one) for one in accounts.groups],
        "users": [asdict(one) for one in accounts.users],
        "memberships": [list(pair) for pair in accounts.memberships],
        "environments": [one.path for one in foreseen.environments],
        "restored": _restored(restored),
    }


def rebuilt_document(foreseen: Foreseen, done: Rebuilt) -> dict[str, Any]:
    """Return what was done, for a program."""
    return (
        _head(foreseen)
        | {
            "is_dry_run": False,
            "made": [asdict(one) for one in done.made],
            "restored": _restored(done.in_place),
            "restored_aside": _restored(done.aside),
        }
        | findings_document(done.findings)
    )


def findings_document(findings: tuple[Finding, ...]) -> dict[str, Any]:
    """Return a comparison, for a program."""
    return {"is_rebuilt": is_rebuilt(findings), "findings": [asdict(one) for one in findings]}


def _head(foreseen: Foreseen) -> dict[str, Any]:
    accounts, parted = foreseen.accounts, foreseen.parted
    snapshot = foreseen.found.source.snapshot
    return {
        "snapshot": snapshot.id,
        "of_host": snapshot.host,
        "other_installations": [one.id for one in foreseen.found.others],
        "in_place": list(parted.in_place),
        "aside": list(parted.aside),
        "left": [{"path": path, "why": why} for path, why in parted.left],
        "withheld": [list(pair) for pair in accounts.withheld],
        "renumbered": {"users": accounts.owners.users, "groups": accounts.owners.groups},
        "packages": asdict(foreseen.packages),
        "shells": list(foreseen.shells),
    }


def _restored(done: Restored | None) -> dict[str, Any] | None:
    if done is None:
        return None
    told = [asdict(one) for one in done.placed if one.action not in ("same", "created")]
    counted = {one.action: 0 for one in done.placed}
    for one in done.placed:
        counted[one.action] += 1
    return {"is_good": done.is_good, "counted": counted, "placed": told}


def _of(snapshot: Snapshot) -> str:
    when = time.strftime("%Y-%m-%d %H:%M", time.gmtime(snapshot.time_ns // _SECOND_NS))
    return f"snapshot {snapshot.short_id} of {snapshot.host}, {when} UTC"


def _notes(foreseen: Foreseen) -> Iterator[str]:
    """Yield what a person has to know or to do."""
    host = foreseen.found.source.snapshot.host
    accounts, parted = foreseen.accounts, foreseen.parted
    for other in foreseen.found.others:
        yield f"another installation was {host} too: {_of(other)} (--snapshot takes it)"
    yield from foreseen.shells
    for user, group in accounts.withheld:
        yield f"{user} was in {group}, which makes root: only the inventory gives that (base.users)"
    for what, numbers in (("users", accounts.owners.users), ("groups", accounts.owners.groups)):
        people = {old: new for old, new in numbers.items() if is_of_people(old)}
        if people:
            moved = ", ".join(f"{old} is {new}" for old, new in sorted(people.items()))
            yield f"files are handed over by name, numbers of {what} here: {moved}"
    if parted.aside:
        yield f"aside, in {foreseen.aside}: {' '.join(parted.aside)}"
    yield from _some(f"only in the backup: {path}: {why}" for path, why in parted.left)


def _packages(lacking: Lacking) -> Iterator[str]:
    for words, names in (
        ("chosen packages that are missing here", lacking.packages),
        ("chosen packages that are here as a dependency only", lacking.unmarked),
        ("packages that were on hold", lacking.holds),
    ):
        if names:
            yield f"{words} (--packages): {' '.join(names)}"


def _still_lacking(lacking: Lacking, made: tuple[Made, ...]) -> Lacking:
    done = {one.name for one in made if one.is_good}
    kinds = (lacking.packages, lacking.unmarked, lacking.holds)
    return Lacking(*(tuple(name for name in kind if name not in done) for kind in kinds))


def _some(lines: Iterable[str]) -> Iterator[str]:
    told = tuple(lines)
    yield from told[:_SHOWN]
    if len(told) > _SHOWN:
        yield f"and {len(told) - _SHOWN} more: --json tells all"


def _text(lines: Iterable[str]) -> str:
    return "".join(f"{printable(line)}\n" for line in lines)
