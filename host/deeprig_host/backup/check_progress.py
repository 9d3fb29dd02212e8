"""Which part of a repository's data a check reads next, so that in time all of it is read.

restic puts each pack into one of ``t`` groups by its name (``--read-data-subset n/t``). The group
after the last good one is read next; one that failed is read again. A random share would leave some
packs unread for a very long time, and restic's own check reads none of them.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import asdict, dataclass

from deeprig_host.backup.declared import Repository
from deeprig_host.backup.places import STATE_DIRECTORY
from deeprig_host.machine.commands import Machine
from deeprig_host.machine.durable import place_text

#: A pack's group is the first byte of its name modulo ``t`` (restic: cmd_check.go), so at most 256.
_MOST_GROUPS = 256
_PERCENT = re.compile(r"(\d+(?:\.\d+)?)%")
_GROUPS = re.compile(r"\d+/(\d+)")


@dataclass(frozen=True, slots=True)
class Progress:
    """Which groups were read and were good: ``read_at[n - 1]`` is when group n was; 0 is never."""

    groups: int
    last_good: int = 0
    read_at: tuple[float, ...] = ()

    @property
    def next_group(self) -> int:
        """Return the group to read next, from 1."""
        return self.last_good % self.groups + 1

    @property
    def all_read_since(self) -> float | None:
        """Return since when every group was read, None where one never was."""
        oldest = min(self.read_at, default=0.0)
        return oldest or None

    def with_good(self, group: int, now: float) -> Progress:
        """Return the progress after this group was read and found good."""
        read_at = list(self.read_at or (0.0,) * self.groups)
        read_at[group - 1] = now
        return Progress(self.groups, group, tuple(read_at))


def groups_of(subset: str) -> int | None:
    """Return in how many runs all is read, by a declared share: ``5%`` in 20, ``1/12`` in 12.

    None for a size: restic then draws packs by chance, and nobody knows when all were read.
    """
    percent, groups = _PERCENT.fullmatch(subset), _GROUPS.fullmatch(subset)
    share = float(percent[1]) if percent else 0.0
    if 0 < share <= 100:
        return min(_MOST_GROUPS, math.ceil(100 / share))
    if groups and 1 <= int(groups[1]) <= _MOST_GROUPS:
        return int(groups[1])
    return None


def read_progress(machine: Machine, repository: Repository) -> Progress | None:
    """Return what was read so far; from the beginning where the share is another one now.

    A spoilt file is a beginning too: it costs only that parts are read again. None for a size.
    """
    groups = groups_of(repository.check_subset)
    if groups is None:
        return None
    text = machine.text(_place(repository))
    try:
        told = json.loads(text or "{}")
        read_at = tuple(float(when) for when in told["read_at"])
        found = Progress(int(told["groups"]), int(told["last_good"]), read_at)
    except (ValueError, KeyError, TypeError):
        return Progress(groups)
    fits = found.groups == groups == len(read_at) and 0 <= found.last_good <= groups
    return found if fits else Progress(groups)


def write_progress(machine: Machine, repository: Repository, progress: Progress) -> None:
    """Have on the disk what was read so far."""
    place_text(machine.path(_place(repository)), json.dumps(asdict(progress)) + "\n")


def _place(repository: Repository) -> str:
    return f"{STATE_DIRECTORY}/check/{repository.name}.json"
