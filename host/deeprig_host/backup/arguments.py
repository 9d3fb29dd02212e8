"""The arguments of restic for a backup and for forgetting: nothing secret is among them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from deeprig_host.backup.credentials import local_path
from deeprig_host.backup.declared import Backup, Repository
from deeprig_host.backup.excludes import Excludes, excludes
from deeprig_host.backup.places import CACHE_DIRECTORY, EXCLUDE_FILE, STATE_DIRECTORY
from deeprig_host.backup.state_machine import identity
from deeprig_host.machine.commands import Machine

#: On every snapshot of ours; ``incomplete`` where a source had a fault.
TAG, INCOMPLETE = "deeprig", "incomplete"
#: Then what tells machines of one name apart (state_machine.identity).
MACHINE_TAG = "machine-"


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


def leave_out(
    machine: Machine, backup: Backup, sources: tuple[Path, ...], silent: tuple[str, ...] = ()
) -> Excludes:
    """Write the file of what is left out, and return it; ``silent`` mounts are not looked into."""
    places = (CACHE_DIRECTORY, *(local_path(one) for one in backup.repositories), *silent)
    never = tuple(machine.path(place) for place in places if place)
    found = excludes(machine, backup, sources, never)
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
        *("backup", "--json", "--host", content.host),
        *("--tag", ",".join((content.tags, *machine_tags(machine)))),
        *("--exclude-caches", "--exclude-file", str(machine.path(EXCLUDE_FILE))),
        *("--limit-upload", str(repository.limit_upload_kib)),
        "--",
        *map(str, content.paths),
    )


def machine_tags(machine: Machine) -> tuple[str, ...]:
    """Return the tag of this very installation, where it has an identity.

    A machine built anew under an old name makes snapshots beside the dead one's: by the tag they
    are another group, so that they never push out what is yet to be restored.
    """
    told = identity(machine)
    return (f"{MACHINE_TAG}{told}",) if told else ()


def forget_words(repository: Repository, host: str) -> tuple[str, ...]:
    """Return the arguments that forget what the retention does not keep.

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
    return ("forget", *chosen, *numbers)
