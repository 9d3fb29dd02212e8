"""What a part of a machine's state is made of, and how its sources are read: never without a bound.

Sources may belong to anybody: a pipe in place of a file must not stop a backup, and a link must
not have root read what its owner cannot.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from deeprig_host.machine.commands import Machine

#: A file of the state is lists and settings; more than this is something else.
FILE_BYTES = 4 << 20


class PartFailed(Exception):
    """A part cannot be told: what, why, and what helps, in one line."""


@dataclass(frozen=True, slots=True)
class StateFile:
    """A file of the state: where, below the state's directory, and what is in it."""

    path: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the state, ``make`` gives its files. Raises PartFailed or OSError.

    ``sources`` are what the files follow from: while none of them changed, the part is not made
    again. None where looking costs no more than making.
    """

    name: str
    make: Callable[[], tuple[StateFile, ...]]
    sources: tuple[Path, ...] | None = None


@dataclass(frozen=True, slots=True)
class Budget:
    """The time that a capture has: until ``end``, as ``now`` counts seconds."""

    now: Callable[[], float]
    end: float

    def check(self) -> None:
        """Raise PartFailed when it is over."""
        if self.now() >= self.end:
            raise PartFailed(
                "the time for the whole capture was over; run 'capture' by hand to see what is slow"
            )


def read_bytes(path: Path, limit_bytes: int = FILE_BYTES) -> bytes:
    """Return a regular file's content; its last part may not be a link.

    Raise PartFailed where it is larger or no file, OSError where it cannot be read.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise PartFailed(f"{path} is no regular file")
        content = file.read(limit_bytes + 1)
    if len(content) > limit_bytes:
        raise PartFailed(f"{path} is larger than {limit_bytes >> 10} KiB")
    return content


def read_text(path: Path, limit_bytes: int = FILE_BYTES) -> str:
    """Return a regular file's text, as ``read_bytes`` does."""
    return read_bytes(path, limit_bytes).decode("utf-8", "replace")


def output_of(machine: Machine, *words: str, seconds: float = 60) -> str:
    """Return what a program printed. Raise PartFailed where it failed or told too much."""
    done = machine.run(*words, seconds=seconds)
    if not done.is_good:
        told = "; ".join(done.tail(2)) or "it said nothing"
        raise PartFailed(f"{words[0]} failed (exit {done.code}): {told}")
    if len(done.out) > FILE_BYTES:
        raise PartFailed(f"{words[0]} printed more than {FILE_BYTES >> 10} KiB")
    return done.out


def lines_file(path: str, lines: tuple[str, ...]) -> StateFile:
    """Return a file of these lines."""
    text = "".join(f"{line}\n" for line in lines)
    return StateFile(path, text.encode("utf-8", "surrogateescape"))


def in_words(error: PartFailed | OSError) -> str:
    """Return an error in one line."""
    if isinstance(error, OSError) and error.filename:
        return printable(f"{error.filename}: {error.strerror}")
    return printable(str(error))


def printable(text: str) -> str:
    """Return a text that any log takes: a name on a disk may be neither UTF-8 nor one line."""
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)
