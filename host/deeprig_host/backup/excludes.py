"""What is left out of a backup: caches, superseded checkpoints, datasets that can be fetched."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from deeprig_host.backup.checkpoints import may_be_step, superseded, superseded_directories
from deeprig_host.backup.datasets import NAME, fetchable
from deeprig_host.backup.declared import Backup
from deeprig_host.backup.leading import Leading
from deeprig_host.machine.commands import Machine

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


def excludes(
    machine: Machine, backup: Backup, sources: tuple[Path, ...], never: tuple[Path, ...]
) -> Excludes:
    """Return what is left out of the sources; ``never`` are paths such as a local repository."""
    declared = tuple(pattern.replace("$", "$$") for pattern in backup.exclude)
    patterns = [*CACHES, *declared, *(line for path in never if (line := _pattern(path)))]
    remarks: list[str] = []
    if backup.keep_checkpoints is not None or backup.exclude_datasets:
        links: list[str] = []
        found: list[Path] = []
        for source in sources:
            found.extend(
                _left_out(source, backup, Seen(remarks, links), frozenset(map(str, never)))
            )
        # Only now: the walk may have had automounts mounted.
        left = _without_linked(found, links, Leading(machine))
        patterns.extend(line for path in left if (line := _pattern(path)))
    return Excludes(tuple(patterns), tuple(remarks[:_MOST_REMARKS]))


@dataclass(frozen=True, slots=True)
class Seen:
    """What a walk comes by: remarks for people, and links that may lead to a checkpoint."""

    remarks: list[str]
    links: list[str]


def _without_linked(found: list[Path], links: list[str], leading: Leading) -> Iterator[Path]:
    """Yield the paths to which, and into which, no link leads.

    ``best.pt`` often is a link to the step that was best; without that step it is worth nothing.
    A link over a mount that does not answer leads to no checkpoint that is backed up.
    """
    wanted = {end for link in links if (end := leading.end_of(link)) is not None}
    kept = wanted | {str(above) for path in wanted for above in Path(path).parents}
    for path in found:
        if not wanted or leading.end_of(str(path)) not in kept:
            yield path


def _left_out(source: Path, backup: Backup, seen: Seen, never: frozenset[str]) -> Iterator[Path]:
    """Walk a source; yield checkpoints that are superseded and files that can be fetched.

    ``never`` are directories that are left out whole: a look into one may never return.
    """
    waiting = [str(source)]
    while waiting:
        directory = waiting.pop()
        if directory in never:
            continue
        try:
            names = _names(directory, seen.links)
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
            seen.remarks.extend(found.remarks)
            yield from found.files
        waiting.extend(f"{directory}/{name}" for name in directories if name not in left)


def _names(directory: str, links: list[str]) -> tuple[list[str], list[str]] | None:
    """Return the names of directories and of other entries, None where restic does not look.

    Links whose targets are named as checkpoints are added to ``links``.
    """
    directories, files = [], []
    with os.scandir(directory) as entries:
        for entry in entries:
            if not entry.is_dir(follow_symlinks=False):
                files.append(entry.name)
                if entry.is_symlink() and may_be_step(str(Path(entry.path).readlink())):
                    links.append(entry.path)
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
