"""The arguments of restic for a backup and for forgetting: nothing secret is among them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from deeprig_host.backup.credentials import local_path
from deeprig_host.backup.declared import Backup, Repository
from deeprig_host.backup.excludes import Excludes, excludes
from deeprig_host.backup.places import CACHE_DIRECTORY, EXCLUDE_FILE, STATE_DIRECTORY
from deeprig_host.machine.commands import Machine

#: On every snapshot of ours; ``incomplete`` where a source had a fault.
TAG, INCOMPLETE = "deeprig", "incomplete"


@dataclass(frozen=True, slots=True)
class Content:
    """What goes into a snapshot: paths on this machine, and how it is tagged."""

    paths: tuple[Path, ...]
    is_complete: bool
    host: str

    @property
    def tags(self) -> str:
        """Return the tags as restic takes them."""
        return TAG if self.is_complete else f"{TAG},{INCOMPLETE}"


def leave_out(machine: Machine, backup: Backup, sources: tuple[Path, ...]) -> Excludes:
    """Write the file of what is left out, and return it."""
    places = (CACHE_DIRECTORY, *(local_path(one) for one in backup.repositories))
    never = tuple(machine.path(place) for place in places if place)
    found = excludes(backup, sources, never)
    path = machine.path(EXCLUDE_FILE)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Made anew in each run, so nothing waits for the disk. 0600: it tells names of people's files.
    path.touch(0o600)
    path.write_text(found.text(), encoding="utf-8")
    return found


def own_sources(machine: Machine, backup: Backup) -> tuple[Path, ...]:
    """Return the canary's directory, and that of what says what this machine is."""
    state = machine.path(f"{STATE_DIRECTORY}/state")
    canary = machine.path(backup.canary).parent
    return (canary, state) if state.is_dir() else (canary,)


def backup_words(machine: Machine, repository: Repository, content: Content) -> tuple[str, ...]:
    """Return the arguments of a backup."""
    return (
        *("backup", "--json", "--host", content.host, "--tag", content.tags),
        *("--exclude-caches", "--exclude-file", str(machine.path(EXCLUDE_FILE))),
        *("--limit-upload", str(repository.limit_upload_kib)),
        "--",
        *map(str, content.paths),
    )


def forget_words(repository: Repository, host: str) -> tuple[str, ...]:
    """Return the arguments that forget what the retention does not keep, and free its room.

    Grouped by tags: what was incomplete never counts against what was complete. Not by paths: a
    changed list of sources would keep the snapshots of the old one for ever.
    """
    keep = repository.retention
    kept = (
        ("--keep-last", keep.keep_last),
        ("--keep-daily", keep.keep_daily),
        ("--keep-weekly", keep.keep_weekly),
        ("--keep-monthly", keep.keep_monthly),
    )
    numbers = (word for name, number in kept if number for word in (name, str(number)))
    chosen = ("--host", host, "--tag", TAG, "--group-by", "host,tags")
    return ("forget", "--prune", *chosen, *numbers)
