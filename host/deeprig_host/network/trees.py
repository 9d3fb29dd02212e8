"""Copies of configuration directories, and the way back to one, durable at every step."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from deeprig_host.machine.commands import Machine
from deeprig_host.machine.durable import place_file, place_link, remove_file, sync_directory
from deeprig_host.network.names import CLOUD_CONFIG, CONFIGURATION


def save(machine: Machine, kind: str, place: str) -> None:
    """Copy the configuration to ``place``, whole or not at all; a copy that is there stays."""
    final = machine.path(place)
    if final.is_dir():
        return
    partial = final.with_name(final.name + ".partial")
    if partial.exists():
        shutil.rmtree(partial)
    partial.mkdir(mode=0o700, parents=True)
    for source in _roots(machine, kind):
        _copy(source, partial / source.relative_to(machine.root))
    partial.rename(final)
    sync_directory(final.parent)


def keep_only(machine: Machine, place: str, name: str) -> None:
    """Remove copies of earlier changes."""
    directory = machine.path(place)
    for entry in sorted(directory.iterdir()) if directory.is_dir() else ():
        if entry.name != name:
            shutil.rmtree(entry)


def restore(machine: Machine, kind: str, place: str) -> None:
    """Make the configuration what it was: every file of the copy, and no other.

    New content comes first and removals last, file by file (rename(2)); a second call goes on.
    """
    copy = machine.path(place)
    for source in _roots(machine, kind):
        _copy(copy / source.relative_to(machine.root), source)
    for source in _roots(machine, kind):
        _remove_others(source, copy / source.relative_to(machine.root))


def _roots(machine: Machine, kind: str) -> tuple[Path, ...]:
    return machine.path(CONFIGURATION[kind]), machine.path(CLOUD_CONFIG)


def _copy(source: Path, target: Path) -> None:
    """Copy a file, a link or a directory with owners and modes; nothing where there is none."""
    if source.is_symlink():
        _clear_directory(target)
        place_link(target, source.readlink())
    elif source.is_dir():
        target.mkdir(parents=True, exist_ok=True)
        _own(source, target)
        for entry in sorted(source.iterdir()):
            _copy(entry, target / entry.name)
        sync_directory(target)
    elif source.is_file():
        _clear_directory(target)
        content = source.read_bytes()
        # What is right already is not written: the way back needs no room on a full disk.
        if target.is_symlink() or not target.exists() or target.read_bytes() != content:
            place_file(target, content, source.stat().st_mode & 0o7777)
        _own(source, target)


def _clear_directory(target: Path) -> None:
    """Make way where a directory stands in the place of a file."""
    if target.is_dir() and not target.is_symlink():
        shutil.rmtree(target)


def _own(source: Path, target: Path) -> None:
    """Give a copy its owner and mode (systemd-network may read some files, only it and root)."""
    wanted, found = source.stat(), target.stat()
    if (wanted.st_uid, wanted.st_gid) != (found.st_uid, found.st_gid):
        os.chown(target, wanted.st_uid, wanted.st_gid)
    target.chmod(wanted.st_mode & 0o7777)


def _remove_others(target: Path, copy: Path) -> None:
    is_directory = target.is_dir() and not target.is_symlink()
    if is_directory and copy.is_dir():
        for entry in sorted(target.iterdir()):
            _remove_others(entry, copy / entry.name)
    elif not copy.exists() and not copy.is_symlink():
        if is_directory:
            shutil.rmtree(target)
            sync_directory(target.parent)
        else:
            remove_file(target)
