"""Long work that outlives whoever asked for it: each runs as a unit of its own, in a directory.

``/run/deeprig/backup/units/NAME`` holds its words, how far it is, what it said, its document and
its exit code. Its process holds a lock on ``alive``: the kernel lets go of it however that dies.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deeprig_host.machine.commands import Machine

DIRECTORY = "/run/deeprig/backup/units"
PREFIX = "deeprig-backup-"
#: What can be asked for so: all that may take hours.
COMMANDS = ("run", "check", "drill", "restore", "rebuild")
#: Ended works whose result can still be asked for.
_KEPT = 8
_SAID_BYTES = 64 * 1024
_MODE = 0o700


@dataclass(frozen=True, slots=True)
class Work:
    """A work, by its directory."""

    place: Path

    @property
    def name(self) -> str:
        """Return the name of its unit."""
        return self.place.name

    @property
    def words(self) -> tuple[str, ...]:
        """Return the command and its arguments; none where they cannot be read."""
        try:
            told = json.loads(self._text("words") or "[]")
        except ValueError:
            return ()
        return tuple(map(str, told)) if isinstance(told, list) else ()

    @property
    def begun_time(self) -> float:
        """Return when it was asked for, seconds since 1970."""
        return (self.place / "words").stat().st_mtime

    @property
    def code(self) -> int | None:
        """Return its exit code, None where it has not ended by itself."""
        text = (self._text("code") or "").strip()
        return int(text) if text.isdigit() else None

    @property
    def document(self) -> Path:
        """Return the file of its standard output."""
        return self.place / "document"

    @property
    def said(self) -> str:
        """Return the end of its standard error."""
        return (self._text("said") or "")[-_SAID_BYTES:]

    @property
    def far(self) -> str:
        """Return how far it is, as one line of JSON; empty where nothing was told yet."""
        return self._text("far") or ""

    @property
    def has_begun(self) -> bool:
        """Say whether its process has been there."""
        return (self.place / "begun").exists()

    @property
    def is_told(self) -> bool:
        """Say whether somebody has followed it to its end."""
        return (self.place / "told").exists()

    def note_told(self) -> None:
        """Note that somebody has."""
        (self.place / "told").touch()

    def is_running(self) -> bool:
        """Say whether its process is there."""
        try:
            with (self.place / "alive").open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except FileNotFoundError:
            return False
        return False

    @contextlib.contextmanager
    def lived(self) -> Iterator[None]:
        """Be its process for the time of the block. Raise BlockingIOError where one is there."""
        with (self.place / "alive").open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            (self.place / "begun").touch()
            yield

    def end_with(self, code: int) -> None:
        """Note its exit code: whole or not at all."""
        draft = self.place / "code.new"
        draft.write_text(f"{code}\n", encoding="ascii")
        draft.replace(self.place / "code")

    def described(self) -> dict[str, Any]:
        """Return it as JSON values; ``progress`` is null where nothing is known of it."""
        try:
            far = json.loads(self.far or "null")
        except ValueError:
            far = None
        return {
            "unit": self.name,
            "command": list(self.words),
            "is_running": self.is_running(),
            "begun_time": self.begun_time,
            "exit_code": self.code,
            "is_told": self.is_told,
            "progress": far,
        }

    def _text(self, name: str) -> str | None:
        try:
            return (self.place / name).read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return None


def make_work(machine: Machine, words: tuple[str, ...]) -> Work:
    """Return a new work, of which nothing runs yet; the oldest ended ones go."""
    directory = machine.path(DIRECTORY)
    directory.mkdir(mode=_MODE, parents=True, exist_ok=True)
    _sweep(machine)
    # systemd keeps a name for a moment after its unit has ended: each gets its own.
    work = Work(directory / f"{PREFIX}{words[0]}-{secrets.token_hex(3)}")
    draft = directory / f".{work.name}"
    draft.mkdir(mode=_MODE)
    (draft / "words").write_text(json.dumps(words), encoding="utf-8")
    (draft / "alive").touch(0o600)
    draft.rename(work.place)
    return work


def works(machine: Machine) -> tuple[Work, ...]:
    """Return the works that run or ended lately, oldest first."""
    directory = machine.path(DIRECTORY)
    try:
        with os.scandir(directory) as entries:
            names = [entry.name for entry in entries if entry.name.startswith(PREFIX)]
    except FileNotFoundError:
        return ()
    found = [dated for name in names if (dated := _dated(Work(directory / name)))]
    return tuple(work for _, _, work in sorted(found, key=lambda dated: dated[:2]))


def _dated(work: Work) -> tuple[float, str, Work] | None:
    """Return when a work was asked for, its name and itself; None where it went meanwhile."""
    try:
        return work.begun_time, work.name, work
    except FileNotFoundError:
        return None


def _sweep(machine: Machine) -> None:
    ended = [work for work in works(machine) if work.has_begun and not work.is_running()]
    for work in ended[: max(0, len(ended) - _KEPT + 1)]:
        gone = work.place.with_name(f".gone-{work.name}-{secrets.token_hex(3)}")
        # Whole or not at all, for whoever lists them now; another call may have it already.
        with contextlib.suppress(FileNotFoundError):
            work.place.rename(gone)
            shutil.rmtree(gone)
