"""Where a rebuild comes from: the newest snapshot that another machine of that name made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from deeprig_host.backup.arguments import MACHINE_TAG, machine_tags
from deeprig_host.backup.declared import Repository
from deeprig_host.backup.reading import snapshots_in
from deeprig_host.backup.rebuild_places import STATE
from deeprig_host.backup.restic import Restic
from deeprig_host.backup.restore import Source, restore_into
from deeprig_host.backup.room import check_room
from deeprig_host.backup.scratch import Scratches, scratches
from deeprig_host.backup.scratch_place import scratch_place
from deeprig_host.backup.snapshots import LATEST, Snapshot, choose
from deeprig_host.backup.state_machine import IDENTITY, identity
from deeprig_host.backup.state_read import State, read_state
from deeprig_host.backup.whole import check_whole
from deeprig_host.machine.commands import Machine
from deeprig_host.machine.refusal import Refused

#: A state is lists and settings; that of a machine with 500 environments is 60 MiB.
_STATE_BYTES, _STATE_FILES = 64 << 20, 4000


@dataclass(frozen=True, slots=True)
class Earlier:
    """A snapshot, and what the machine was that made it.

    ``others`` are the newest of each other installation that had the name.
    """

    source: Source
    state: State
    others: tuple[Snapshot, ...] = ()


def earlier(
    machine: Machine, restic: Restic, repository: Repository, host: str, wanted: str
) -> Earlier:
    """Return the wanted snapshot, or the newest that ``host`` made before it was this machine.

    A machine that was built anew under its old name backs itself up before anybody restores it:
    what it made itself is not what is looked for. Raise Refused where there is none, or where the
    newest lacks a source and nobody said that it will do.
    """
    if host in ("", ".", "..") or "/" in host:
        # It becomes the name of a directory.
        raise Refused(f"{host!r} is no name of a host", remedy="`backup list` shows their names")
    known = snapshots_in(restic, repository)
    with scratches(machine) as made:
        if wanted != LATEST:
            source = Source(restic, repository, _named(known, wanted, host))
            return Earlier(source, _state(machine, source, made))
        ours, tags = identity(machine), machine_tags(machine)
        of_others = [one for one in known if one.host == host and not set(tags) & set(one.tags)]
        for snapshot in reversed(of_others):
            source = Source(restic, repository, snapshot)
            found = Earlier(source, _state(machine, source, made), _others(snapshot, of_others))
            # By hand, or by an older deeprig, it may carry no tag.
            if ours is None or found.state.machine.get(IDENTITY) != ours:
                check_whole(snapshot, known)
                return found
    raise _none_of(host, known)


def _named(known: Sequence[Snapshot], wanted: str, host: str) -> Snapshot:
    found = choose(known, wanted, host)
    if found.host != host:
        raise Refused(
            f"snapshot {found.short_id} is of host {found.host!r}, not of {host!r}",
            remedy="name the host with --from, or another snapshot",
        )
    return found


def _others(taken: Snapshot, known: Sequence[Snapshot]) -> tuple[Snapshot, ...]:
    """Return the newest snapshot of each installation but the one that made ``taken``."""
    newest = {_installation(one): one for one in known}
    newest.pop(_installation(taken), None)
    return tuple(newest.values())


def _installation(snapshot: Snapshot) -> str:
    tags = (one for one in snapshot.tags if one.startswith(MACHINE_TAG))
    return next(tags, "")


def _state(machine: Machine, source: Source, made: Scratches) -> State:
    """Return the state in a snapshot, each file against its digest. Raise Refused."""
    place = scratch_place(machine, machine.path(STATE))
    check_room(place, _STATE_BYTES, _STATE_FILES)
    scratch = made.make(place)
    restore_into(source, (STATE,), scratch)
    told: Path = scratch / STATE.lstrip("/")
    if not told.is_dir():
        raise Refused(
            f"snapshot {source.snapshot.short_id} does not tell what its machine was",
            evidence=(f"{STATE} is not in it",),
            remedy="take another one with --snapshot, or restore by `backup restore --all`",
        )
    return read_state(told)


def _none_of(host: str, known: Sequence[Snapshot]) -> Refused:
    hosts = ", ".join(sorted({one.host for one in known})) or "no host"
    return Refused(
        f"there is no snapshot that another machine made as host {host!r}",
        evidence=(f"there are snapshots of {hosts}",),
        remedy="name the old machine with --from, or a snapshot with --snapshot ID",
    )
