"""Run restic: idle, bounded in time and output, no secret in its arguments, gone when we are."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any

from deeprig_host.backup.answer import Answer, json_object, meaning_of
from deeprig_host.backup.credentials import credentials
from deeprig_host.backup.declared import IoClass, Repository
from deeprig_host.backup.places import CACHE_DIRECTORY
from deeprig_host.machine.commands import Machine, environment_of

#: A list of a million files is streamed to ``on_message``; what is kept is bounded.
KEPT_BYTES = 32 * 1024 * 1024
_ERROR_BYTES = 64 * 1024
_HOUR_SECONDS = 3600.0
#: After its time restic gets SIGINT, removes its lock and ends; then it is killed.
_LET_GO_SECONDS = 60
_IO_CLASSES: dict[IoClass, str] = {"idle": "3", "best-effort": "2"}

#: Takes each JSON object that restic prints while it runs; of them only a summary is kept then.
OnMessage = Callable[[dict[str, Any]], None]


@dataclass(frozen=True, slots=True)
class Restic:
    """restic on this machine, as a background program.

    It gets SIGINT when this process dies, however it dies, so it never works on unseen and lets go
    of the repository: setpriv(1) ``--pdeathsig``.
    """

    machine: Machine
    nice: int = 10
    io_class: IoClass = "idle"
    program: str = "restic"

    def run(
        self,
        arguments: tuple[str, ...],
        repository: Repository,
        *,
        seconds: float = _HOUR_SECONDS,
        on_message: OnMessage | None = None,
        output: IO[bytes] | None = None,
    ) -> Answer:
        """Run a restic command on a repository and return how it ended.

        ``output`` takes standard output as it is (``restic dump``). Raise Refused where the files
        of its secrets are missing or open to others.
        """
        environment = self._environment(repository)
        with tempfile.TemporaryFile() as errors:
            try:
                process = self._start(arguments, seconds, environment, output, errors)
            except FileNotFoundError as error:
                return Answer("no restic", 127, errors=(str(error),))
            with process:
                try:
                    lines, is_cut = _read(process.stdout, on_message)
                    code = process.wait()
                finally:
                    _let_go(process)
            said = _tail(errors)
        return Answer(meaning_of(code, "\n".join(said)), code, lines, said, is_cut)

    def _start(
        self,
        arguments: tuple[str, ...],
        seconds: float,
        environment: Mapping[str, str],
        output: IO[bytes] | None,
        errors: IO[bytes],
    ) -> subprocess.Popen[bytes]:
        # ionice -t: a kernel without I/O priorities is no reason to have no backup.
        words = f"setpriv --pdeathsig INT nice -n {self.nice} ionice -t".split()
        words += ["-c", _IO_CLASSES[self.io_class]]
        words += ["timeout", "--signal=INT", f"--kill-after={_LET_GO_SECONDS}", f"{seconds:g}"]
        return subprocess.Popen(
            [*words, self.program, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if output is None else output,
            stderr=errors,
            env=environment,
        )

    def _environment(self, repository: Repository) -> dict[str, str]:
        """Return the environment: what a person's shell tells restic is none of ours."""
        told = {key: value for key, value in environment_of().items() if key[:7] != "RESTIC_"}
        cache = self.machine.path(CACHE_DIRECTORY)
        ours = {"RESTIC_CACHE_DIR": str(cache), "RESTIC_PROGRESS_FPS": "1"}
        return told | ours | credentials(self.machine, repository)


def _read(stdout: IO[bytes] | None, on_message: OnMessage | None) -> tuple[tuple[str, ...], bool]:
    """Return the lines without progress, and whether there were more than are kept."""
    kept: list[str] = []
    room = KEPT_BYTES
    for line in _lines(stdout):
        told = json_object(line)
        if told is not None and on_message is not None:
            on_message(told)
            if told.get("message_type") != "summary":
                continue
        if told is not None and told.get("message_type") == "status":
            continue
        room -= len(line)
        if room >= 0:
            kept.append(line)
    return tuple(kept), room < 0


def _lines(stdout: IO[bytes] | None) -> Iterator[str]:
    for raw in stdout or ():
        yield raw.decode("utf-8", "replace").rstrip("\n")


def _let_go(process: subprocess.Popen[bytes]) -> None:
    """Have restic end by itself where we leave early: it removes its lock."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)


def _tail(errors: IO[bytes]) -> tuple[str, ...]:
    size = errors.seek(0, os.SEEK_END)
    errors.seek(max(0, size - _ERROR_BYTES))
    return tuple(errors.read().decode("utf-8", "replace").splitlines())
