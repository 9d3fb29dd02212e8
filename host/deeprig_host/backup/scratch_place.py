"""Where restored files lie before they are moved: on the same file system, out of users' reach."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from deeprig_host.backup.places import STATE_DIRECTORY
from deeprig_host.machine.commands import Machine


def scratch_place(machine: Machine, target: Path) -> Path:
    """Return the directory to make a scratch directory in for what belongs to ``target``.

    It is the top of the target's file system, so that files are moved and not copied. Where that is
    a user's (a home on a dataset of its own), it is ours: whoever owns a directory can put a link
    in the place of what root writes to there.
    """
    top = _top(machine, _existing(target))
    return top if _is_safe(top) else _own(machine)


def _existing(target: Path) -> Path:
    """Return the nearest directory above that is there."""
    return next(one for one in (target, *target.parents) if one.is_dir() and not one.is_symlink())


def _top(machine: Machine, place: Path) -> Path:
    """Return the highest directory of the same file system, not above the machine's root."""
    top = place.resolve()
    device = top.stat().st_dev
    while top not in (machine.root, top.parent) and top.parent.stat().st_dev == device:
        top = top.parent
    return top


def _is_safe(place: Path) -> bool:
    found = place.stat()
    is_writable = found.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not found.st_mode & stat.S_ISVTX
    return found.st_uid in (0, os.geteuid()) and not is_writable


def _own(machine: Machine) -> Path:
    place = machine.path(STATE_DIRECTORY)
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    return place
