"""What a restore would bring: how much of it there is, and what would happen to what is there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from deeprig_host.backup.placing import thing
from deeprig_host.backup.rule import Placed, Rule, Thing
from deeprig_host.backup.snapshots import Node
from deeprig_host.machine.refusal import Refused


@dataclass(slots=True)
class Amount:
    """What there is of one included path in a snapshot."""

    things: int = 0
    size_bytes: int = 0


@dataclass(slots=True)
class Survey:
    """Counts, in one pass over a snapshot's listing, what ``include`` names of it."""

    include: tuple[str, ...]
    amounts: dict[str, Amount] = field(default_factory=dict)
    #: The included things themselves and the directories above them, by path.
    nodes: dict[str, Node] = field(default_factory=dict)
    _above: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        """Know which directories lie above what is included."""
        above = {str(one) for path in self.include for one in PurePosixPath(path).parents}
        self._above = frozenset(above | set(self.include))

    def offer(self, node: Node) -> bool:
        """Count a node; say whether it belongs to what is included."""
        if node.path in self._above:
            self.nodes[node.path] = node
        for path in self.include:
            if is_below(node.path, path):
                amount = self.amounts.setdefault(path, Amount())
                amount.things += 1
                amount.size_bytes += node.size_bytes if node.kind == "file" else 0
                return True
        return False

    @property
    def size_bytes(self) -> int:
        """Return the size of all files together."""
        return sum(amount.size_bytes for amount in self.amounts.values())

    @property
    def things(self) -> int:
        """Return how many files, directories and other things there are."""
        return sum(amount.things for amount in self.amounts.values())

    def check_found(self) -> None:
        """Raise Refused where a path is not in the snapshot: restic exits with 0 then."""
        missing = tuple(path for path in self.include if path not in self.amounts)
        if missing:
            raise Refused(
                "the snapshot does not hold what is to be restored",
                evidence=missing,
                remedy="`backup list` shows what each snapshot holds; look for another snapshot",
            )


def is_below(path: str, above: str) -> bool:
    """Say whether a path is another one or lies below it."""
    return path == above or path.startswith(above.rstrip("/") + "/")


def included(paths: tuple[str, ...]) -> tuple[str, ...]:
    """Return the paths to restore: absolute, none below another. Raise Refused on others."""
    wrong = tuple(path for path in paths if not path.startswith("/") or ".." in path.split("/"))
    if wrong or not paths:
        raise Refused(
            "a path to restore is no absolute one" if wrong else "nothing to restore is named",
            evidence=wrong,
            remedy="give the path as it was when it was backed up: --include /home/NAME/thesis",
        )
    plain = sorted({os.path.normpath("/" + path.lstrip("/")) for path in paths}, key=_parts)
    return tuple(_outermost(plain))


def _parts(path: str) -> list[str]:
    """Sort by these: a directory's content then follows it, before any ``NAME-more``."""
    return path.split("/")


def _outermost(plain: list[str]) -> Iterator[str]:
    last = None
    for path in plain:
        if last is None or not is_below(path, last):
            last = path
            yield path


def foreseen(node: Node, place: Path, rule: Rule) -> Placed:
    """Return what would happen to one path, as far as size and time tell: contents are not read."""
    new = Thing(node.kind, node.size_bytes, node.mtime_ns, (node.mode, node.uid, node.gid))
    try:
        old = thing(place.lstat())
    except (FileNotFoundError, NotADirectoryError):
        old = None
    # A listing has no size of a link or a directory.
    is_equal = old is not None and (node.kind != "file" or old.size_bytes == node.size_bytes)
    decision = rule.decide(str(place), new, old, is_equal)
    return Placed(str(place), decision.action, decision.reason)
