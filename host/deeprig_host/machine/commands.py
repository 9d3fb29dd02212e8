"""Run other programs: always in the C locale, always with a time limit, never through a shell."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

#: Programs of administrators; sudo's and cron's PATH may lack them.
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
NOT_FOUND, TIMED_OUT = 127, 124


@dataclass(frozen=True, slots=True)
class Done:
    """How a program ended. ``code`` is 127 where there is no such program, 124 past its limit."""

    words: tuple[str, ...]
    code: int
    out: str = ""
    err: str = ""

    @property
    def is_good(self) -> bool:
        """Say whether it exited with 0."""
        return self.code == 0

    @property
    def is_missing(self) -> bool:
        """Say whether the program is not installed."""
        return self.code == NOT_FOUND

    def tail(self, lines: int = 12) -> tuple[str, ...]:
        """Return the last lines that it printed, errors last."""
        told = [line for line in (self.out + "\n" + self.err).splitlines() if line.strip()]
        return tuple(told[-lines:])


class Run(Protocol):
    """Runs a program to its end and returns how it ended; raises nothing that users can cause."""

    def __call__(
        self,
        *words: str,
        seconds: float = 60,
        stdin: str = "",
        environment: Mapping[str, str] | None = None,
        directory: Path | None = None,
    ) -> Done:
        """Run ``words`` for at most ``seconds``, in ``directory``."""


def run(
    *words: str,
    seconds: float = 60,
    stdin: str = "",
    environment: Mapping[str, str] | None = None,
    directory: Path | None = None,
) -> Done:
    """Run a program on this machine."""
    try:
        done = subprocess.run(
            words,
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=seconds,
            check=False,
            cwd=directory,
            env=environment_of(environment),
        )
    except (FileNotFoundError, PermissionError) as error:
        return Done(words, NOT_FOUND, err=str(error))
    except subprocess.TimeoutExpired:
        return Done(words, TIMED_OUT, err=f"{words[0]} did not end within {seconds:g} s")
    return Done(words, done.returncode, done.stdout, done.stderr)


def environment_of(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment of every program: English, administrators' PATH, no terminal."""
    path = os.environ.get("PATH", "")
    fixed = {"LC_ALL": "C", "LANGUAGE": "C", "TERM": "dumb", "PATH": f"{path}:{_PATH}".lstrip(":")}
    return dict(os.environ) | fixed | dict(more or {})


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine: where its root directory is (another one only in tests) and how to run."""

    root: Path
    run: Run = run

    def path(self, absolute: str) -> Path:
        """Return where an absolute path lies below the root."""
        return self.root / absolute.lstrip("/")

    def text(self, absolute: str) -> str | None:
        """Return a file's stripped text, None where it is not there or not readable."""
        try:
            return self.path(absolute).read_text(encoding="utf-8", errors="replace").strip()
        except (FileNotFoundError, NotADirectoryError, PermissionError, ProcessLookupError):
            return None

    def follow(self, absolute: str) -> Path:
        """Return where a path leads when its last part is a link, taken below the root."""
        path = self.path(absolute)
        if not path.is_symlink():
            return path
        target = path.readlink()
        return self.path(str(target)) if target.is_absolute() else path.parent / target
