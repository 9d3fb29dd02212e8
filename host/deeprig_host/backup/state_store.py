"""The captured state on the disk: files that change only where the machine did, and their index.

``state.json`` names each part, its files with their digests, and why a part could not be told. What
the files were made from is remembered beside it, so that only what changed is looked at again.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deeprig_host.backup.places import STATE_DIRECTORY
from deeprig_host.backup.state_part import PartFailed, StateFile, read_text
from deeprig_host.machine.commands import Machine
from deeprig_host.machine.durable import place_file, remove_file

SCHEMA = "deeprig.backup-state/1"
DIRECTORY = f"{STATE_DIRECTORY}/state"
INDEX = "state.json"
#: Not in the directory: what it tells is of this machine's clock and disks only.
MARKS = f"{STATE_DIRECTORY}/state.marks"
#: Netplan's files and crontabs may hold secrets.
_FILE_MODE, _DIRECTORY_MODE = 0o600, 0o700


@dataclass(frozen=True, slots=True)
class Recorded:
    """A part in the index: digests of its files, and why they may be old (empty: they are not)."""

    name: str
    files: dict[str, str]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Index:
    """What ``state.json`` tells."""

    host: str
    parts: tuple[Recorded, ...]

    def part(self, name: str) -> Recorded | None:
        """Return a part by its name."""
        return next((part for part in self.parts if part.name == name), None)


def read_index(directory: Path) -> Index | None:
    """Return the index of a state, None where there is none. Raise PartFailed on another file."""
    path = directory / INDEX
    try:
        told = json.loads(read_text(path))
        if told["schema"] != SCHEMA:
            raise PartFailed(f"{path} is of the schema {told['schema']!r}, not {SCHEMA}")
        return Index(str(told["host"]), tuple(_recorded(part) for part in told["parts"]))
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise PartFailed(f"{path} is unreadable: {type(error).__name__}: {error}") from error


def _recorded(told: Any) -> Recorded:
    files = {str(path): str(digest) for path, digest in told["files"].items()}
    return Recorded(str(told["name"]), files, str(told["reason"]))


@dataclass(frozen=True, slots=True)
class Store:
    """The state's directory on a machine. Its methods raise OSError where the disk refuses."""

    directory: Path
    marks_file: Path

    @classmethod
    def of(cls, machine: Machine) -> Store:
        """Return that of a machine."""
        return cls(machine.path(DIRECTORY), machine.path(MARKS))

    def prepare(self) -> None:
        """Have the directory, closed to others."""
        self.directory.mkdir(parents=True, exist_ok=True, mode=_DIRECTORY_MODE)
        if self.directory.stat().st_mode & 0o7777 != _DIRECTORY_MODE:
            self.directory.chmod(_DIRECTORY_MODE)

    def place(self, file: StateFile) -> bool:
        """Have a file; one that is the same already keeps its time. Say whether it changed."""
        return _place(self.directory / file.path, file.content)

    def place_index(self, index: Index) -> bool:
        """Have the index. Say whether it changed."""
        parts = [
            {"name": part.name, "reason": part.reason, "files": part.files} for part in index.parts
        ]
        return self.place(StateFile(INDEX, _json(schema=SCHEMA, host=index.host, parts=parts)))

    def digests(self, paths: Iterable[str]) -> dict[str, str]:
        """Return the digests of those of these files that are there."""
        found = {}
        for path in sorted(paths):
            content = _content(self.directory / path)
            if content is not None:
                found[path] = digest(content)
        return found

    def marks(self) -> dict[str, str]:
        """Return what each part was made from; nothing where that cannot be told."""
        try:
            told = json.loads(read_text(self.marks_file))
        except (FileNotFoundError, ValueError, RecursionError, PartFailed):
            told = None
        # Without them all parts are made anew, and nothing is lost.
        return {str(key): str(value) for key, value in told.items()} if type(told) is dict else {}

    def place_marks(self, marks: dict[str, str]) -> None:
        """Remember what each part was made from."""
        _place(self.marks_file, _json(**marks))

    def sweep(self, kept: Iterable[str]) -> tuple[str, ...]:
        """Remove every other file, and directories that are empty then; return what went."""
        wanted, removed = {*kept, INDEX}, []
        for place, directories, names in os.walk(self.directory, topdown=False):
            for name in names:
                path = Path(place, name)
                if str(path.relative_to(self.directory)) not in wanted:
                    remove_file(path)
                    removed.append(str(path.relative_to(self.directory)))
            for name in directories:
                path = Path(place, name)
                if path.is_symlink():
                    remove_file(path)
                elif not any(path.iterdir()):
                    path.rmdir()
        return tuple(sorted(removed))


def digest(content: bytes) -> str:
    """Return what the index tells of a file."""
    return hashlib.sha256(content).hexdigest()


def _place(path: Path, content: bytes) -> bool:
    if _content(path) == content:
        if path.stat().st_mode & 0o7777 != _FILE_MODE:
            path.chmod(_FILE_MODE)
        return False
    place_file(path, content, _FILE_MODE)
    return True


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _json(**fields: Any) -> bytes:
    return (json.dumps(fields, indent=1) + "\n").encode()
