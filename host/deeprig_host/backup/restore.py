"""Bring files back from a snapshot: beside the data first, then into place by a rule.

restic writes over what is there, whatever is newer (0.14 knows nothing else). So it restores into a
scratch directory on the same file system; only when all of it was restored and read again
(``--verify``) is it moved into place, thing by thing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from deeprig_host.backup.carrying import Spot, opened_directory
from deeprig_host.backup.declared import Repository
from deeprig_host.backup.descent import open_parent
from deeprig_host.backup.placing import Placing
from deeprig_host.backup.reading import ask, check_good, read_nodes
from deeprig_host.backup.rebuild_owners import SAME_OWNERS, Owners, hand_over
from deeprig_host.backup.restic import Restic
from deeprig_host.backup.room import check_room
from deeprig_host.backup.rule import Overwrite, Placed, Rule
from deeprig_host.backup.scratch import Scratches, scratches
from deeprig_host.backup.scratch_place import scratch_place
from deeprig_host.backup.snapshots import Node, Snapshot, pattern_of
from deeprig_host.backup.survey import Survey, foreseen
from deeprig_host.backup.target import check_target
from deeprig_host.machine.commands import Machine
from deeprig_host.machine.refusal import Refused

#: A whole machine over a slow line takes days.
_LONGEST_SECONDS = 7 * 86_400.0
_SYNC_SECONDS = 3600.0
_REMEDY = (
    "what restic names is damaged: restore it from another snapshot or repository, "
    "and the rest by an --include for each path"
)


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be restored (``survey.included``), where to, over what, and whose it is then.

    ``takes_directories``: directories that are there get owner, mode and time of the snapshot's,
    though they are newer: on a machine that was built a minute ago every one is. ``untouched``
    are files of here that are nobody's work.
    """

    include: tuple[str, ...]
    target: str = "/"
    overwrite: Overwrite = "newer"
    owners: Owners = SAME_OWNERS
    takes_directories: bool = False
    untouched: frozenset[str] = frozenset()

    @property
    def rule(self) -> Rule:
        """Return what decides of each thing."""
        return Rule(self.overwrite, self.takes_directories, self.untouched)


@dataclass(frozen=True, slots=True)
class Source:
    """Where it comes from."""

    restic: Restic
    repository: Repository
    snapshot: Snapshot


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored: each thing that was placed, kept, or could not be placed."""

    snapshot: Snapshot
    placed: tuple[Placed, ...]
    size_bytes: int
    things: int

    @property
    def is_good(self) -> bool:
        """Say whether all is in place, or was kept by the rule."""
        return not any(one.action in ("conflict", "failed") for one in self.placed)


def survey(source: Source, wish: Wish) -> Survey:
    """Return what the snapshot holds of the wish. Raise Refused where a path is not in it."""
    found = Survey(wish.include)
    read_nodes(source.restic, source.repository, source.snapshot, found.offer)
    found.check_found()
    return found


def plan(machine: Machine, source: Source, wish: Wish) -> Restored:
    """Return what a restore would do; nothing is written. Raise Refused as ``restore`` does."""
    check_target(machine.path(wish.target))
    found = Survey(wish.include)
    placed: list[Placed] = []

    def take(node: Node) -> None:
        if found.offer(node):
            here = handed_over(node, wish.owners)
            placed.append(foreseen(here, _place(machine, wish, node.path), wish.rule))

    read_nodes(source.restic, source.repository, source.snapshot, take)
    found.check_found()
    return Restored(source.snapshot, tuple(placed), found.size_bytes, found.things)


def restore(machine: Machine, source: Source, wish: Wish, found: Survey) -> Restored:
    """Restore what ``found`` has surveyed.

    Raise Refused, with nothing changed, where there is no room, the target lies behind a link that
    is not root's, or restic could not restore all of it. Afterwards each thing that could not be
    placed is told, and stops no other.
    """
    check_target(machine.path(wish.target))
    placed: list[Placed] = []
    with scratches(machine) as made:
        homes = _restored(machine, source, wish, found, made)
        placing = Placing(wish.rule, placed.append)
        for path in wish.include:
            _put(machine, wish, path, homes[path], found, placing)
        _write_out(machine, wish)
    return Restored(source.snapshot, tuple(placed), found.size_bytes, found.things)


def _restored(
    machine: Machine, source: Source, wish: Wish, found: Survey, made: Scratches
) -> dict[str, Path]:
    """Have all of it in scratch directories; return the one of each included path."""
    places = {path: scratch_place(machine, _place(machine, wish, path)) for path in wish.include}
    groups = {place: _of(places, place) for place in dict.fromkeys(places.values())}
    for place, paths in groups.items():
        size_bytes = sum(found.amounts[path].size_bytes for path in paths)
        check_room(place, size_bytes, sum(found.amounts[path].things for path in paths))
    homes: dict[str, Path] = {}
    for place, paths in groups.items():
        scratch = made.make(place)
        restore_into(source, paths, scratch)
        hand_over(scratch, wish.owners)
        homes |= dict.fromkeys(paths, scratch)
    return homes


def restore_into(source: Source, paths: Iterable[str], scratch: Path) -> None:
    """Have paths of a snapshot below ``scratch``, proven to be as recorded. Raise Refused."""
    # "/" is everything, which is what restic restores without a pattern.
    named = [path for path in paths if path != "/"]
    patterns = [word for path in named for word in ("--include", pattern_of(path))]
    words = ("restore", source.snapshot.id, "--target", str(scratch), "--verify", *patterns)
    reached = ask(source.restic, source.repository, *words, seconds=_LONGEST_SECONDS)
    what = f"snapshot {source.snapshot.short_id} cannot be restored; no file was changed"
    check_good(reached, source.repository, what, _REMEDY)


def _put(
    machine: Machine, wish: Wish, path: str, scratch: Path, found: Survey, placing: Placing
) -> None:
    """Move one included path out of ``scratch``; what is in the way of it is told, not raised."""
    place = _place(machine, wish, path)
    restored = scratch / path.lstrip("/")
    try:
        above = {name: handed_over(node, wish.owners) for name, node in found.nodes.items()}
        with open_parent(machine.path(wish.target), path, above) as parent:
            if path == "/":
                placing.put_all(restored, parent, str(place))
            else:
                with opened_directory(restored.parent) as new:
                    placing.put(Spot(new, place.name), Spot(parent, place.name), str(place))
    except OSError as error:
        shown = str(error.filename or place)
        placing.report(Placed(shown, "failed", error.strerror or str(error)))


def _write_out(machine: Machine, wish: Wish) -> None:
    """Have what was placed on its disks: what is told as restored survives a power cut."""
    places = {
        str(one.resolve())
        for path in wish.include
        for one in (_place(machine, wish, path), _place(machine, wish, path).parent)
        if one.is_dir()
    }
    # syncfs(2), which Python has no function for; sync(2) would write out everybody's data.
    done = machine.run("sync", "--file-system", *sorted(places), seconds=_SYNC_SECONDS)
    if not done.is_good:
        raise Refused(
            "what was restored is in place, but it could not be written to the disk",
            evidence=done.tail(3),
            remedy="look at the disk (dmesg, smartctl), then restore again",
            outcome="failed",
        )


def _place(machine: Machine, wish: Wish, path: str) -> Path:
    return machine.path(wish.target) / path.lstrip("/")


def handed_over(node: Node, owners: Owners) -> Node:
    """Return a node with the numbers that its owners have here."""
    uid, gid = owners.of(node.uid, node.gid)
    return node if (uid, gid) == (node.uid, node.gid) else replace(node, uid=uid, gid=gid)


def _of(places: dict[str, Path], place: Path) -> tuple[str, ...]:
    return tuple(path for path, its in places.items() if its == place)
