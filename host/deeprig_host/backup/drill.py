"""Prove that a repository restores: its canary and a sample, drawn by a seed, for real.

What is restored is compared with what does not come from the repository, as far as there is such a
thing (``comparing``). A drill that could not be carried out is "unproven", which is not "good".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from deeprig_host.backup.answer import Answer
from deeprig_host.backup.comparing import compare, compare_canary
from deeprig_host.backup.declared import Backup, Repository
from deeprig_host.backup.drilled import Drilled, drilled, unproven
from deeprig_host.backup.places import STATE_DIRECTORY
from deeprig_host.backup.reading import ask, host_of, read_nodes, snapshots_in
from deeprig_host.backup.restic import Restic
from deeprig_host.backup.room import check_room
from deeprig_host.backup.sample import Draw, Limits
from deeprig_host.backup.scratch import scratches
from deeprig_host.backup.snapshots import LATEST, Node, Snapshot, choose, pattern_of
from deeprig_host.machine.commands import Machine
from deeprig_host.machine.refusal import Refused

_LONGEST_SECONDS = 86_400.0


@dataclass(frozen=True, slots=True)
class Plan:
    """Of which snapshot how much is drawn by which seed; restored at ``scratch`` for the time."""

    seed: str
    snapshot: str = LATEST
    limits: Limits = field(default_factory=Limits)
    scratch: str = STATE_DIRECTORY


def drill(
    machine: Machine, restic: Restic, backup: Backup, repository: Repository, plan: Plan
) -> Drilled:
    """Carry out a drill; the scratch directory is gone when this returns."""
    try:
        return _drill(machine, restic, backup, repository, plan)
    except Refused as refusal:
        return unproven(repository, plan.seed, refusal)


def _drill(
    machine: Machine, restic: Restic, backup: Backup, repository: Repository, plan: Plan
) -> Drilled:
    host = host_of(backup)
    snapshot = choose(snapshots_in(restic, repository), plan.snapshot, host)
    draw, canary = Draw(plan.seed, plan.limits), _Seen(str(machine.path(backup.canary)))

    def offer(node: Node) -> None:
        if not canary.is_it(node):
            draw.offer(node)

    read_nodes(restic, repository, snapshot, offer)
    sample = draw.sample()
    if not sample.files:
        raise Refused(
            f"snapshot {snapshot.short_id} holds no file that could be drawn",
            evidence=(
                f"{sample.too_large} too large, {sample.unnameable} with names not in UTF-8",
            ),
            remedy="look at the sources in backup.conf, or give the drill more room",
        )
    nodes = (*canary.found, *sample.files)
    with scratches(machine) as made:
        place = machine.path(plan.scratch)
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        check_room(place, sum(node.size_bytes for node in nodes), len(nodes))
        scratch = made.make(place)
        answer = _restored(restic, repository, snapshot, nodes, scratch)
        first = compare_canary(canary.path, _at(scratch, canary.path), snapshot, host)
        rest = [compare(node, _at(scratch, node.path), Path(node.path)) for node in sample.files]
    return drilled(repository, plan.seed, snapshot, sample, (first, *rest), answer)


class _Seen:
    """Notes the canary in a listing."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.found: tuple[Node, ...] = ()

    def is_it(self, node: Node) -> bool:
        if node.path != self.path:
            return False
        self.found = (node,)
        return True


def _restored(
    restic: Restic,
    repository: Repository,
    snapshot: Snapshot,
    nodes: Iterable[Node],
    scratch: Path,
) -> Answer:
    patterns = [word for node in nodes for word in ("--include", pattern_of(node.path))]
    # --no-cache: all is read from the repository itself, as a new machine would.
    words = ("restore", snapshot.id, "--no-cache", "--target", str(scratch), "--verify", *patterns)
    return ask(restic, repository, *words, seconds=_LONGEST_SECONDS).answer


def _at(scratch: Path, path: str) -> Path:
    return scratch / path.lstrip("/")
