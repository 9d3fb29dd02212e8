"""Room for what a drill or a restore puts beside the data: looked at before anything is written."""

from __future__ import annotations

import os
from pathlib import Path

from deeprig_host.machine.refusal import Refused

#: Left free for everybody else, whatever is restored.
RESERVE_BYTES = 64 * 1024 * 1024
#: What a file takes beside its data: its inode, its name, and its last block.
_PER_FILE_BYTES = 4096


def check_room(place: Path, size_bytes: int, files: int) -> None:
    """Raise Refused where files of this size in all do not fit at ``place``."""
    told = os.statvfs(place)
    free_bytes = told.f_bavail * told.f_frsize
    needed_bytes = size_bytes + files * _PER_FILE_BYTES + RESERVE_BYTES
    if needed_bytes > free_bytes:
        raise _too_small(place, f"{_mib(needed_bytes)} needed, {_mib(free_bytes)} free")
    # A file system that makes inodes as it needs them (btrfs) says that it has 0 of them.
    if told.f_files and files > told.f_favail:
        raise _too_small(place, f"{files} files to restore, {told.f_favail} inodes free")


def _too_small(place: Path, evidence: str) -> Refused:
    return Refused(
        f"there is not enough room at {place} to restore into",
        evidence=(evidence,),
        remedy="make room there, restore less at a time, or choose another place",
    )


def _mib(size_bytes: int) -> str:
    return f"{size_bytes / 1024 / 1024:.1f} MiB"
