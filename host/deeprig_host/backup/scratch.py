"""Scratch directories that are freed whatever happens: also those of a run that was killed."""

from __future__ import annotations

import contextlib
import json
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from deeprig_host.machine.commands import Machine
from deeprig_host.machine.durable import place_text, remove_file
from deeprig_host.machine.exclusive import Lock
from deeprig_host.machine.refusal import Refused

#: Names the scratch directories that exist: written before a directory is made.
RECORD = "/var/lib/deeprig/backup/scratch/record.json"
PREFIX = ".deeprig-restore-"
#: A backup that runs at the same time leaves out what has this (bford.info/cachedir).
_TAG = "Signature: 8a477f597d28d172789f06886806bc55\n"
_LOCK = Lock(
    "/run/deeprig/backup/scratch.lock",
    "a drill or a restore",
    "wait until it is done",
    directory_mode=0o700,
)


class Scratches:
    """The scratch directories of one run."""

    def __init__(self, machine: Machine) -> None:
        """Begin with none."""
        self._machine = machine
        self.directories: tuple[Path, ...] = ()

    def make(self, place: Path) -> Path:
        """Make an empty directory in ``place`` that only its owner can read, and return it."""
        # A name that nobody can foresee: ``place`` may belong to a user.
        name = PREFIX + secrets.token_hex(8)
        directory = place / name
        self._record((*self.directories, directory))
        directory.mkdir(mode=0o700)
        (directory / "CACHEDIR.TAG").write_text(_TAG, encoding="ascii")
        content = directory / "content"
        content.mkdir(mode=0o700)
        return content

    def free(self) -> None:
        """Remove them all. Raise Refused, naming them, where some cannot be removed."""
        wrong = {one: why for one in self.directories if (why := _remove(one))}
        self._record(tuple(wrong))
        if wrong:
            raise Refused(
                "scratch directories could not be removed",
                evidence=tuple(wrong.values()),
                remedy="remove them by hand; they hold copies of files of the backup",
                outcome="failed",
            )

    def _record(self, directories: tuple[Path, ...]) -> None:
        self.directories = directories
        path = self._machine.path(RECORD)
        if directories:
            place_text(path, json.dumps([str(one) for one in directories]) + "\n")
        else:
            remove_file(path)


@contextlib.contextmanager
def scratches(machine: Machine) -> Iterator[Scratches]:
    """Have scratch directories for the time of the block; first free those of runs that died.

    Raise Refused (busy) while another drill or restore runs.
    """
    with _LOCK.held(machine):
        mine = Scratches(machine)
        mine.directories = _recorded(machine)
        mine.free()
        try:
            yield mine
        finally:
            mine.free()


def _recorded(machine: Machine) -> tuple[Path, ...]:
    """Return what an earlier run left: only directories that are named as ours are."""
    text = machine.text(RECORD)
    if text is None:
        return ()
    try:
        told = json.loads(text)
        paths = tuple(Path(one) for one in told)
    except (ValueError, TypeError) as error:
        raise Refused(
            "the record of scratch directories is spoilt",
            evidence=(f"{RECORD}: {error}",),
            remedy=f"remove directories named {PREFIX}*, then this file",
            outcome="failed",
        ) from error
    return tuple(path for path in paths if path.name.startswith(PREFIX))


def _remove(directory: Path) -> str | None:
    """Remove a directory with all in it; it may be gone. Return why not. Links are not followed."""
    try:
        shutil.rmtree(directory)
    except FileNotFoundError:
        return None
    except OSError as error:
        return str(error)
    return None
