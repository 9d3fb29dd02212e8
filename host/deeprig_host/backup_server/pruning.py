"""Forget and prune a client's repository, unless its snapshots look forged."""

from __future__ import annotations

from dataclasses import dataclass

from deeprig_host.backup.declared import Repository
from deeprig_host.backup.reading import ask, check_good, snapshots_in
from deeprig_host.backup.repository_locks import can_unlock, read_locks
from deeprig_host.backup.restic import Restic
from deeprig_host.backup_server.accepted import accepted_in
from deeprig_host.backup_server.arrivals import arrivals, impossible, shrunk
from deeprig_host.backup_server.declared import Client, Keep
from deeprig_host.backup_server.places import PROGRAM
from deeprig_host.backup_server.sizes import sizes
from deeprig_host.machine.commands import Machine
from deeprig_host.machine.refusal import Refused

_PRUNE_SECONDS = 12 * 3600.0
_WAIT_MINUTES = 5.0


@dataclass(frozen=True, slots=True)
class Pruned:
    """How it ended for one client: outcome is good, refused or failed."""

    client: str
    outcome: str
    snapshots: int | None = None
    removed: int | None = None
    reasons: tuple[str, ...] = ()
    remedy: str = ""


def prune(
    machine: Machine, restic: Restic, client: Client, now: float, known: int | None = None
) -> Pruned:
    """Prune one client's repository. Never raises Refused: one client does not stop the others.

    ``known`` is how many snapshots it had the last time: one that had any and is not there is gone,
    another is waited for.
    """
    if not machine.path(f"{client.repository}/config").exists():
        return _missing(machine, client, known)
    repository = Repository(
        client.name, client.repository, client.password_file, lock_wait_minutes=_WAIT_MINUTES
    )
    try:
        return _prune(machine, restic, client, repository, now)
    except Refused as refused:
        reasons = (refused.reason, *refused.evidence)
        there = _files(machine, client, known)
        return Pruned(client.name, "failed", there, 0, reasons, refused.remedy)


def _files(machine: Machine, client: Client, known: int | None) -> int | None:
    """Return how many snapshots there are by their files, of a repository that cannot be asked.

    Where they cannot be read either, or are no more, it stays ``known`` how many there were.
    """
    try:
        there = sum(1 for _ in (machine.path(client.repository) / "snapshots").iterdir())
    except OSError:
        return known
    return there or known


def _missing(machine: Machine, client: Client, known: int | None) -> Pruned:
    """Tell a repository that is gone from one that its client has yet to make.

    The role makes the directory above it: without that, the disk is away.
    """
    place = machine.path(client.repository).parent
    if not known and place.is_dir():
        return Pruned(client.name, "good", 0, 0)
    what = f"the repository with {known} snapshots is" if known else f"{place} is"
    remedy = f"look for {client.repository}, and whether its disk is mounted"
    return Pruned(client.name, "failed", known, 0, (f"{what} gone",), remedy)


def _prune(
    machine: Machine, restic: Restic, client: Client, repository: Repository, now: float
) -> Pruned:
    _remove_own_dead_locks(machine, restic, repository, now)
    before = snapshots_in(restic, repository)
    accepted = accepted_in(machine, client.name)
    found = arrivals(machine, client.repository, before)
    judged = [one for one in found if one.snapshot.id not in accepted]
    reasons = impossible(judged, client.keep, now)
    if not reasons and client.keep.smallest_percent:
        reasons = shrunk(sizes(restic, repository, before, accepted), client.keep)
    if reasons:
        remedy = (
            f"look at them; if they are good: `{PROGRAM} accept {client.name}`; if not, "
            f"{client.name} is in other hands: see docs/backup-server.md"
        )
        return Pruned(client.name, "refused", len(before), 0, reasons, remedy)
    done = ask(restic, repository, *forget_words(client.keep), seconds=_PRUNE_SECONDS)
    check_good(done, repository, "it cannot be pruned")
    left = snapshots_in(restic, repository)
    return Pruned(client.name, "good", len(left), len(before) - len(left))


def forget_words(keep: Keep) -> tuple[str, ...]:
    """Return the arguments of restic; groups as the client's own job has them.

    "Within" counts from a group's newest snapshot, which is none of the future by now.
    """
    kept = (
        ("--keep-daily", keep.keep_daily),
        ("--keep-weekly", keep.keep_weekly),
        ("--keep-monthly", keep.keep_monthly),
    )
    numbers = (word for name, number in kept if number for word in (name, str(number)))
    within = ("--keep-within", f"{keep.within_days}d")
    return ("forget", "--prune", "--group-by", "host,tags", *within, *numbers)


def _remove_own_dead_locks(
    machine: Machine, restic: Restic, repository: Repository, now: float
) -> None:
    """Remove what a prune of ours that was cut off left: nobody else can tell that it is dead."""
    locks = read_locks(restic, repository)
    if locks and can_unlock(machine, locks, now):
        check_good(ask(restic, repository, "unlock"), repository, "its lock cannot be removed")
