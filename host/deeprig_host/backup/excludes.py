"""What is left out of a backup: caches, superseded checkpoints, datasets that can be fetched."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from deeprig_host.backup.declared import Backup
from deeprig_host.backup.leading import Leading
from deeprig_host.backup.looking import CACHES, Seen, left_out
from deeprig_host.machine.commands import Machine

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
            found.extend(left_out(source, backup, Seen(remarks, links), frozenset(map(str, never))))
        # Only now: the walk may have had automounts mounted.
        left = _without_linked(found, links, Leading(machine))
        patterns.extend(line for path in left if (line := _pattern(path)))
    return Excludes(tuple(patterns), tuple(remarks[:_MOST_REMARKS]))


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
