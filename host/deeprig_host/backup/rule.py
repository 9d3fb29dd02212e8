"""What a restore does where something is already there: decided from what both sides are."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from typing import Literal

#: What may be replaced: what is not newer than the snapshot's (default), nothing, or everything.
Overwrite = Literal["newer", "never", "all"]
OVERWRITES: tuple[Overwrite, ...] = ("newer", "never", "all")
#: ``failed`` is for the report only: no rule decides it.
Action = Literal["created", "replaced", "same", "kept", "conflict", "failed"]


@dataclass(frozen=True, slots=True)
class Thing:
    """A file, directory or other thing: of the snapshot or on the machine."""

    #: restic's word: file, dir, symlink, fifo, dev, chardev, socket.
    kind: str
    size_bytes: int
    mtime_ns: int
    #: Permission bits, owner and group, as one value to compare.
    rights: tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Rule:
    """What may be replaced, and whether directories that are there take the snapshot's rights.

    ``untouched`` are paths of files that are nobody's work: they may be newer and are replaced.
    """

    overwrite: Overwrite = "newer"
    takes_directories: bool = False
    untouched: frozenset[str] = frozenset()

    def decide(self, path: str, new: Thing, old: Thing | None, is_equal: bool) -> Decision:
        """Decide about ``new`` as ``decide`` does; ``path`` is on the machine."""
        decision = decide(new, old, self.overwrite, is_equal)
        if old is None or new.kind != old.kind or decision.action != "kept":
            return decision
        if self.takes_directories and new.kind == "dir":
            return Decision("replaced", "a directory's own rights, as in the snapshot")
        if self.overwrite == "newer" and path in self.untouched:
            return Decision("replaced", "what is here is nobody's work, but a skeleton's")
        return decision


@dataclass(frozen=True, slots=True)
class Decision:
    """What is done about one path, and why."""

    action: Action
    reason: str


@dataclass(frozen=True, slots=True)
class Placed:
    """What was done about one path, and why; ``path`` as it is on the machine."""

    path: str
    action: Action
    reason: str


_KINDS = (
    (stat.S_ISREG, "file"),
    (stat.S_ISDIR, "dir"),
    (stat.S_ISLNK, "symlink"),
    (stat.S_ISFIFO, "fifo"),
    (stat.S_ISBLK, "dev"),
    (stat.S_ISCHR, "chardev"),
    (stat.S_ISSOCK, "socket"),
)


def kind_of(mode: int) -> str:
    """Return restic's word for the type of file in a mode."""
    return next(kind for is_kind, kind in _KINDS if is_kind(mode))


def decide(new: Thing, old: Thing | None, overwrite: Overwrite, is_equal: bool) -> Decision:
    """Decide about ``new``, of the snapshot, where ``old`` stands.

    ``is_equal``: their contents are the same. Nothing that is newer than the snapshot's is replaced
    but by ``all``, and a directory never is: it is merged, or it is a conflict.
    """
    if old is None:
        return Decision("created", "it was not there")
    if "dir" in (new.kind, old.kind) and new.kind != old.kind:
        return _other_kind(new, old, overwrite)
    if is_equal and (new.mtime_ns, new.rights) == (old.mtime_ns, old.rights):
        return Decision("same", "as in the snapshot")
    return _replacing(new, old, overwrite)


def _replacing(new: Thing, old: Thing, overwrite: Overwrite) -> Decision:
    if overwrite == "never":
        return Decision("kept", "it was there: nothing is replaced")
    if overwrite == "newer" and old.mtime_ns > new.mtime_ns:
        return Decision("kept", "it is newer than the snapshot's")
    return Decision("replaced", "told to" if overwrite == "all" else "it is not newer")


def _other_kind(new: Thing, old: Thing, overwrite: Overwrite) -> Decision:
    """Decide where a directory meets something else: a link may lead out of what is restored."""
    if overwrite == "all" and old.kind != "dir":
        return Decision("replaced", f"told to: a {old.kind} stood where the snapshot has a dir")
    return Decision("conflict", f"a {old.kind} stands where the snapshot has a {new.kind}")
