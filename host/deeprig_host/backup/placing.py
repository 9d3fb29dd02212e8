"""Merge a restored tree into the machine by a rule, thing by thing, and tell each one."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from deeprig_host.backup.carrying import (
    Spot,
    attributes,
    copy,
    give_rights,
    move,
    names_in,
    opened_directory,
)
from deeprig_host.backup.rule import Placed, Rule, Thing, kind_of

_CHUNK_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Placing:
    """Places things by ``rule``, tells ``report`` of each; one that fails stops no other."""

    rule: Rule
    report: Callable[[Placed], None]

    def put(self, source: Spot, target: Spot, shown: str) -> None:
        """Have ``source`` at ``target``, as far as the rule allows; ``shown`` is its path."""
        try:
            found = source.status()
            if found is None:
                raise FileNotFoundError(2, "restic did not restore it")
            self._put(source, target, shown, found)
        except OSError as error:
            self.report(Placed(shown, "failed", error.strerror or str(error)))

    def put_all(self, restored: Path, target: int, shown: str) -> None:
        """Have all that is in ``restored`` in the open directory ``target``."""
        with opened_directory(restored) as new:
            for name in names_in(new):
                self.put(Spot(new, name), Spot(target, name), f"{shown.rstrip('/')}/{name}")

    def _put(self, source: Spot, target: Spot, shown: str, found: os.stat_result) -> None:
        old = target.status()
        is_equal = old is not None and _is_equal(source, target, found, old)
        decision = self.rule.decide(shown, thing(found), old and thing(old), is_equal)
        is_placed = decision.action in ("created", "replaced")
        if stat.S_ISDIR(found.st_mode) and old is not None and stat.S_ISDIR(old.st_mode):
            self._merge(source, target, shown, found if is_placed else None)
            is_told = thing(found).rights != thing(old).rights
        else:
            is_told = True
            if is_placed:
                self._place(source, target, shown, found, old)
        if is_told:
            self.report(Placed(shown, decision.action, decision.reason))

    def _merge(self, source: Spot, target: Spot, shown: str, rights: os.stat_result | None) -> None:
        """Place what is in a directory; then, with ``rights``, the directory's own."""
        with source.opened(os.O_DIRECTORY) as new, target.opened(os.O_DIRECTORY) as old:
            for name in names_in(new):
                self.put(Spot(new, name), Spot(old, name), f"{shown}/{name}")
            if rights is not None:
                give_rights(old, new, rights)

    def _place(
        self,
        source: Spot,
        target: Spot,
        shown: str,
        found: os.stat_result,
        old: os.stat_result | None,
    ) -> None:
        is_directory = stat.S_ISDIR(found.st_mode)
        if is_directory and old is not None:
            # rename(2) puts no directory where something else is.
            os.unlink(target.name, dir_fd=target.directory)
        if move(source, target):
            return
        if is_directory:
            os.mkdir(target.name, 0o700, dir_fd=target.directory)
            self._merge(source, target, shown, found)
        else:
            copy(source, target, found)


def thing(found: os.stat_result) -> Thing:
    """Return what stat(2) says, in the words of the rule."""
    rights = (stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid)
    return Thing(kind_of(found.st_mode), found.st_size, found.st_mtime_ns, rights)


def _is_equal(source: Spot, target: Spot, new: os.stat_result, old: os.stat_result) -> bool:
    """Say whether the contents are the same; only read where all else is."""
    if stat.S_ISDIR(new.st_mode) or thing(new) != thing(old):
        return stat.S_ISDIR(new.st_mode)
    if stat.S_ISLNK(new.st_mode):
        return source.link() == target.link()
    if not stat.S_ISREG(new.st_mode):
        return new.st_rdev == old.st_rdev
    with source.opened() as one, target.opened() as other:
        return _attributes(one) == _attributes(other) and _has_same_bytes(one, other)


def _attributes(descriptor: int) -> dict[str, bytes]:
    return {name: os.getxattr(descriptor, name) for name in attributes(descriptor)}


def _has_same_bytes(one: int, other: int) -> bool:
    while True:
        chunk = os.read(one, _CHUNK_BYTES)
        if chunk != os.read(other, _CHUNK_BYTES):
            return False
        if not chunk:
            return True
