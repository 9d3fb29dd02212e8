"""What a restore did, or would do: as a document, and in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from itertools import islice
from typing import Any

from deeprig_host.backup.declared import Repository
from deeprig_host.backup.restore import Restored, Wish
from deeprig_host.backup.rule import Placed
from deeprig_host.backup.whole import is_whole

_SECOND_NS = 1_000_000_000
_SHOWN = 50
#: Of a million files nobody reads the list; what went wrong, or was not done, is named first.
_MOST_NAMED = 5000
_BY_URGENCY = ("failed", "conflict", "kept", "replaced", "created")
#: What people are told by path; what was made or is the same is only counted.
_TOLD = ("conflict", "failed", "kept", "replaced")


def restored_document(
    done: Restored, wish: Wish, repository: Repository, *, is_dry_run: bool
) -> dict[str, Any]:
    """Return it as JSON values: every action counted, the first paths of each named."""
    named = tuple(islice(_named(done), _MOST_NAMED))
    counted = Counter(one.action for one in done.placed)
    return {
        "repository": repository.name,
        "snapshot": {
            "id": done.snapshot.id,
            "host": done.snapshot.host,
            "time": done.snapshot.time_ns / _SECOND_NS,
            "is_complete": is_whole(done.snapshot),
        },
        "paths": list(wish.include),
        "target": wish.target,
        "overwrite": wish.overwrite,
        "is_dry_run": is_dry_run,
        "is_good": done.is_good,
        "things": done.things,
        "size_bytes": done.size_bytes,
        "counts": dict(sorted(counted.items())),
        "placed": [asdict(one) for one in named],
        "left_out": sum(n for name, n in counted.items() if name in _BY_URGENCY) - len(named),
    }


def restored_text(done: Restored, *, is_done: bool) -> str:
    """Return it for people; a name need not be UTF-8, a terminal must be."""
    counted = Counter(one.action for one in done.placed)
    summary = ", ".join(f"{number} {action}" for action, number in sorted(counted.items()))
    doing = "restored" if is_done else "a dry run"
    lines = [f"{doing}, of snapshot {done.snapshot.short_id}: {summary or 'nothing'}"]
    if not is_whole(done.snapshot):
        lines.append("  note: it lacks a source: what was in that is not restored")
    shown = [one for action in _TOLD for one in done.placed if one.action == action]
    lines.extend(f"  {one.action}: {one.path}: {one.reason}" for one in shown[:_SHOWN])
    if len(shown) > _SHOWN:
        lines.append(f"  and {len(shown) - _SHOWN} more: --json names more")
    text = "".join(f"{line}\n" for line in lines)
    return text.encode("utf-8", "backslashreplace").decode()


def _named(done: Restored) -> Iterator[Placed]:
    for action in _BY_URGENCY:
        yield from (one for one in done.placed if one.action == action)
