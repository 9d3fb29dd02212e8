"""Whether the sources are there and answer: restic 0.14 skips a missing one and exits with 0."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import dataclass

from deeprig_host.backup.declared import Backup
from deeprig_host.backup.mounts import ANSWER_SECONDS, Mount, is_in, is_mounted, silent
from deeprig_host.machine.commands import Machine


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a source or a mount, and what helps."""

    path: str
    reason: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.path} {self.reason}; {self.remedy}"


@dataclass(frozen=True, slots=True)
class Checked:
    """The sources after a look: those that can be read, which of them hold something, the faults.

    A source with a fault may still be usable: what is there is worth keeping. ``silent`` are mounts
    below sources that do not answer: whoever looks into them may never come back.
    """

    usable: tuple[str, ...]
    filled: tuple[str, ...]
    faults: tuple[Fault, ...]
    silent: tuple[str, ...] = ()


def check_sources(machine: Machine, backup: Backup, filled_before: Collection[str]) -> Checked:
    """Look at every source; ``filled_before`` are those that held something the last time."""
    dead = silent(machine, (*backup.sources, *backup.mounts))
    faults = [*(_silent(one) for one in dead), *_not_mounted(machine, backup.mounts, dead)]
    lost = tuple(fault.path for fault in faults)
    usable: list[str] = []
    filled: list[str] = []
    for source in backup.sources:
        if any(is_in(source, mount) for mount in lost):
            continue
        fault, is_filled = _look(machine, source)
        must_hold = source in filled_before and source not in backup.may_be_empty
        if fault is None and must_hold and not is_filled:
            fault = _emptied(source)
        if fault is not None:
            faults.append(fault)
            continue
        usable.append(source)
        filled.extend((source,) if is_filled else ())
    below = tuple(one.path for one in dead if any(is_in(one.path, source) for source in usable))
    return Checked(tuple(usable), tuple(filled), tuple(faults), below)


def check_mounts(machine: Machine, mounts: tuple[str, ...]) -> tuple[Fault, ...]:
    """Return a fault for each path where nothing is mounted, or what is does not answer."""
    dead = silent(machine, mounts)
    return (*(_silent(one) for one in dead), *_not_mounted(machine, mounts, dead))


def _not_mounted(
    machine: Machine, mounts: tuple[str, ...], dead: tuple[Mount, ...]
) -> tuple[Fault, ...]:
    remedy = "mount it (`findmnt`, /etc/fstab, `dmesg`), or take it out of mounts in backup.conf"
    asked = (path for path in mounts if not any(is_in(path, one.path) for one in dead))
    missing = (path for path in asked if not is_mounted(machine, path))
    return tuple(Fault(path, "is not mounted", remedy) for path in missing)


def _silent(mount: Mount) -> Fault:
    reason = f"does not answer within {ANSWER_SECONDS:g} s ({mount.kind} of {mount.source})"
    remedy = f"bring its server back, or `umount -l {mount.path}`; it was left out"
    return Fault(mount.path, reason, remedy)


def _look(machine: Machine, source: str) -> tuple[Fault | None, bool]:
    """Return what is wrong with a source, and whether it holds anything."""
    path = machine.path(source)
    if path.is_symlink():
        remedy = f"name {path.readlink()} instead"
        return Fault(source, "is a symbolic link: only the link would be kept", remedy), False
    try:
        if not path.is_dir():
            with path.open("rb") as file:
                return None, bool(file.read(1))
        with os.scandir(path) as entries:
            return None, next(entries, None) is not None
    except FileNotFoundError:
        return Fault(source, "does not exist", "make it, or take it out of sources"), False
    except OSError as error:
        remedy = "have it readable for the backup, or take it out of sources"
        return Fault(source, f"cannot be read: {error.strerror}", remedy), False


def _emptied(source: str) -> Fault:
    return Fault(
        source,
        "is empty, and was not the last time: a disk that is not mounted, or deleted files",
        "bring it back; or, where it is meant so, name it in may_be_empty",
    )
