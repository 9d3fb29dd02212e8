"""One pass through the sources: which checkpoints are superseded, which data sets fetchable."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from deeprig_host.backup.checkpoints import (
    may_be_step,
    may_name_steps,
    superseded,
    superseded_directories,
)
from deeprig_host.backup.datasets import NAME, fetchable
from deeprig_host.backup.declared import Backup

#: restic leaves out what CACHEDIR.TAG marks (bford.info/cachedir) by ``--exclude-caches``; these
#: caches mostly carry no tag. ~/.cache is for what can be made again (XDG base directories).
CACHES = (
    ".cache",
    "__pycache__",
    ".mypy_cache",
    ".ruff_cache",
    ".pytest_cache",
    ".conda/pkgs",
    ".mamba/pkgs",
    "anaconda3/pkgs",
    "conda/pkgs",
    "mambaforge/pkgs",
    "micromamba/pkgs",
    "miniconda3/pkgs",
    "miniforge3/pkgs",
    ".npm/_cacache",
    ".local/share/Trash",
    "lost+found",
)
_TAG = "CACHEDIR.TAG"
_SKIPPED = frozenset(name for name in CACHES if "/" not in name)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a walk comes by: remarks for people, and links that may lead to a checkpoint."""

    remarks: list[str]
    links: list[str]


def left_out(source: Path, backup: Backup, seen: Seen, never: frozenset[str]) -> Iterator[Path]:
    """Walk a source; yield checkpoints that are superseded and files that can be fetched.

    ``never`` are directories that are left out whole: a look into one may never return.
    """
    waiting = [str(source)]
    while waiting:
        directory = waiting.pop()
        if directory in never:
            continue
        try:
            names, directories = _listed(directory, seen.links)
        except OSError:
            continue  # restic looks at it too, and says so: the backup is partial then
        left: set[str] = set()
        if _may_matter(names):
            place = Path(directory)
            files = list(set(names).difference(directories))
            if _TAG in files:
                continue  # restic does not look either
            if backup.keep_checkpoints is not None:
                left.update(_checkpoints(place, directories, files, backup.keep_checkpoints))
            yield from (place / name for name in left)
            if backup.exclude_datasets and NAME in files:
                found = fetchable(place / NAME)
                seen.remarks.extend(found.remarks)
                yield from found.files
        left |= _SKIPPED
        waiting.extend(f"{directory}/{name}" for name in directories if name not in left)


def _listed(directory: str, links: list[str]) -> tuple[list[str], list[str]]:
    """Return the names in a directory, and those of directories among them.

    Links whose targets are named as checkpoints are added to ``links``. A file costs one question
    to what is in memory already: a million of them are listed while nothing is backed up yet.
    """
    with os.scandir(directory) as found:
        entries = list(found)
    others = [entry for entry in entries if not entry.is_file(follow_symlinks=False)]
    for entry in others:
        if entry.is_symlink() and may_be_step(str(Path(entry.path).readlink())):
            links.append(entry.path)
    directories = [entry.name for entry in others if entry.is_dir(follow_symlinks=False)]
    return [entry.name for entry in entries], directories


def _may_matter(names: list[str]) -> bool:
    """Say whether anything may follow from these names: from those of most directories, nothing.

    They are asked as one text, which costs a tenth of asking for each name.
    """
    text = "\n".join(names)
    return _TAG in text or NAME in text or may_name_steps(text)


def _checkpoints(
    place: Path, directories: list[str], files: list[str], keep: int
) -> tuple[str, ...]:
    try:
        found = superseded(place, files, keep)
        return (*found, *superseded_directories(place, directories, keep))
    except OSError:
        return ()  # one vanished while we looked: all of them are kept this time
