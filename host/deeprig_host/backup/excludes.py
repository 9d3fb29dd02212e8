"""What is left out of a backup: caches, superseded checkpoints, datasets that can be fetched."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from deeprig_host.backup.checkpoints import superseded, superseded_directories
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
_MOST_REMARKS = 20


@dataclass(frozen=True, slots=True)
class Excludes:
    """Restic's patterns, one a line, and remarks for people."""

    patterns: tuple[str, ...]
    remarks: tuple[str, ...] = ()

    def text(self) -> str:
        """Return the content of restic's ``--exclude-file``."""
        return "".join(f"{pattern}\n" for pattern in self.patterns)


def excludes(backup: Backup, sources: tuple[Path, ...], never: tuple[Path, ...]) -> Excludes:
    """Return what is left out of the sources; ``never`` are paths such as a local repository."""
    declared = tuple(pattern.replace("$", "$$") for pattern in backup.exclude)
    patterns = [*CACHES, *declared, *(line for path in never if (line := _pattern(path)))]
    remarks: list[str] = []
    if backup.keep_checkpoints is not None or backup.exclude_datasets:
        for source in sources:
            for path in _left_out(source, backup, remarks):
                pattern = _pattern(path)
                patterns.extend((pattern,) if pattern else ())
    return Excludes(tuple(patterns), tuple(remarks[:_MOST_REMARKS]))


def _left_out(source: Path, backup: Backup, remarks: list[str]) -> Iterator[Path]:
    """Walk a source; yield checkpoints that are superseded and files that can be fetched."""
    waiting = [str(source)]
    while waiting:
        directory = waiting.pop()
        try:
            names = _names(directory)
        except OSError:
            continue  # restic looks at it too, and says so: the backup is partial then
        if names is None:
            continue
        directories, files = names
        place = Path(directory)
        left: set[str] = set()
        if backup.keep_checkpoints is not None:
            left.update(_checkpoints(place, directories, files, backup.keep_checkpoints))
        yield from (place / name for name in left)
        if backup.exclude_datasets and NAME in files:
            found = fetchable(place / NAME)
            remarks.extend(found.remarks)
            yield from found.files
        waiting.extend(f"{directory}/{name}" for name in directories if name not in left)


def _names(directory: str) -> tuple[list[str], list[str]] | None:
    """Return the names of directories and of other entries, None where restic does not look."""
    directories, files = [], []
    with os.scandir(directory) as entries:
        for entry in entries:
            if not entry.is_dir(follow_symlinks=False):
                files.append(entry.name)
            elif entry.name not in _SKIPPED:
                directories.append(entry.name)
    return None if _TAG in files else (directories, files)


def _checkpoints(
    place: Path, directories: list[str], files: list[str], keep: int
) -> tuple[str, ...]:
    try:
        found = superseded(place, files, keep)
        return (*found, *superseded_directories(place, directories, keep))
    except OSError:
        return ()  # one vanished while we looked: all of them are kept this time


def _pattern(path: Path) -> str:
    """Return a pattern for one path, empty where none can be written: then the path is kept.

    Meta characters of Go's filepath.Match are escaped; ``$$`` is a dollar, since restic expands the
    environment in the file; lines are stripped and are UTF-8.
    """
    text = str(path)
    if "\n" in text or "\r" in text or not _is_utf8(text):
        return ""
    escaped = re.sub(r"([\\*?\[])", r"\\\1", text).replace("$", "$$")
    return re.sub(r"\s$", lambda blank: f"[{blank[0]}]", escaped)


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
