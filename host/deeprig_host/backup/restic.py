"""Run restic: idle, bounded in time and output, no secret in its arguments, gone when we are."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any, Protocol

from deeprig_host.backup.answer import TOO_LONG, Answer, json_object, meaning_of
from deeprig_host.backup.credentials import credentials, read_password
from deeprig_host.backup.declared import IoClass, Repository
from deeprig_host.backup.gate import Gate
from deeprig_host.backup.masking import masked, secrets_of
from deeprig_host.backup.piped import lines_of
from deeprig_host.backup.places import CACHE_DIRECTORY
from deeprig_host.backup.reach import reach_words
from deeprig_host.machine.commands import Machine, environment_of

#: A list of a million files is streamed to ``on_message``; what is kept is bounded.
KEPT_BYTES = 32 * 1024 * 1024
_ERROR_BYTES = 64 * 1024
_HOUR_SECONDS = 3600.0
#: After its time restic gets SIGINT, removes its lock and ends; then it is killed.
_LET_GO_SECONDS = 60
#: In which it opens a repository, mostly.
_REFUSE_SECONDS = 10.0
_IO_CLASSES: dict[IoClass, str] = {"idle": "3", "best-effort": "2"}

#: Takes each JSON object that restic prints while it runs; of them only a summary is kept then.
OnMessage = Callable[[dict[str, Any]], None]
OnLine = Callable[[str], None]


class Watch(Protocol):
    """Is told of every call, while it goes on: for showing how far it is."""

    def begin(self, arguments: tuple[str, ...], repository: Repository) -> None:
        """Note that restic is called."""

    def line(self, text: str) -> None:
        """Note a line of its standard output."""

    def end(self) -> None:
        """Note that it has ended, in whatever way."""


@dataclass(frozen=True, slots=True)
class Restic:
    """restic on this machine, as a background program.

    It gets SIGINT when this process dies, however it dies, so it never works on unseen and lets go
    of the repository: setpriv(1) ``--pdeathsig``. ``user`` is who it runs as where that is not us:
    a server's client, whose repository is his, so that his user can read what restic writes.
    """

    machine: Machine
    nice: int = 10
    io_class: IoClass = "idle"
    program: str = "restic"
    watch: Watch | None = None
    user: str = ""

    def run(
        self,
        arguments: tuple[str, ...],
        repository: Repository,
        *,
        seconds: float = _HOUR_SECONDS,
        on_message: OnMessage | None = None,
        output: IO[bytes] | None = None,
        gate: Gate | None = None,
    ) -> Answer:
        """Run a restic command on a repository and return how it ended.

        ``output`` takes standard output as it is (``restic dump``). The work of a ``gate`` is done
        while restic runs. Raise Refused where the files of its secrets are missing or open to
        others, and what the work raises.
        """
        environment = self._environment(repository)
        words = (*reach_words(self.machine, repository), *arguments)
        if self.user:
            words = ("--no-cache", *words)
        began = time.monotonic()
        with tempfile.TemporaryFile() as errors:
            try:
                process = self._start(words, seconds, environment, output, errors, gate)
            except FileNotFoundError as error:
                return Answer("no restic", 127, errors=(str(error),))
            with process, self._watched(arguments, repository) as on_line:
                try:
                    if gate is not None:
                        _pass(gate, process)
                    lines, is_cut = _read(process, on_message, on_line)
                    code = process.wait()
                finally:
                    _let_go(process)
            secrets = secrets_of(environment)
            said = tuple(masked(line, secrets) for line in _tail(errors))
        if code == -signal.SIGKILL and time.monotonic() - began >= seconds:
            code = TOO_LONG  # the killed one takes timeout(1) with it
        return Answer(meaning_of(code, "\n".join(said)), code, lines, said, is_cut)

    @contextlib.contextmanager
    def _watched(self, arguments: tuple[str, ...], repository: Repository) -> Iterator[OnLine]:
        if self.watch is None:
            yield _nobody
            return
        self.watch.begin(arguments, repository)
        try:
            yield self.watch.line
        finally:
            self.watch.end()

    def _start(
        self,
        arguments: tuple[str, ...],
        seconds: float,
        environment: Mapping[str, str],
        output: IO[bytes] | None,
        errors: IO[bytes],
        gate: Gate | None,
    ) -> subprocess.Popen[bytes]:
        # ionice -t: a kernel without I/O priorities is no reason to have no backup.
        words = ["setpriv", "--pdeathsig", "INT"]
        if self.user:
            words += ["--reuid", self.user, "--regid", self.user, "--init-groups"]
        words += f"nice -n {self.nice} ionice -t".split()
        words += ["-c", _IO_CLASSES[self.io_class]]
        words += ["timeout", "--signal=INT", f"--kill-after={_LET_GO_SECONDS}", f"{seconds:g}"]
        return subprocess.Popen(
            [*words, self.program, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if output is None else output,
            stderr=errors,
            env=environment,
            pass_fds=gate.descriptors if gate else (),
        )

    def _environment(self, repository: Repository) -> dict[str, str]:
        """Return the environment: what a person's shell tells restic is none of ours."""
        told = {key: value for key, value in environment_of().items() if key[:7] != "RESTIC_"}
        cache = self.machine.path(CACHE_DIRECTORY)
        ours = {"RESTIC_CACHE_DIR": str(cache), "RESTIC_PROGRESS_FPS": "1"}
        known = credentials(self.machine, repository)
        if self.user:
            # The file is ours alone; a user's environment is read by nobody but him and root.
            known["RESTIC_PASSWORD"] = read_password(self.machine, repository)
            del known["RESTIC_PASSWORD_FILE"]
        return told | ours | known


def _nobody(_line: str) -> None:
    """Take a line that nobody wants to see."""


def _read(
    process: subprocess.Popen[bytes], on_message: OnMessage | None, on_line: OnLine
) -> tuple[tuple[str, ...], bool]:
    """Return the lines without progress, and whether there were more than are kept."""
    kept: list[str] = []
    room = KEPT_BYTES
    for line in lines_of(process.stdout, lambda: process.poll() is not None):
        on_line(line)
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


def _pass(gate: Gate, process: subprocess.Popen[bytes]) -> None:
    """Do the work of a gate; where it fails, have restic refuse by itself.

    A SIGINT within the 0.2 s in which restic 0.14 takes its lock has it leave that behind.
    """
    try:
        gate.work()
    except BaseException:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_REFUSE_SECONDS)
        raise


def _let_go(process: subprocess.Popen[bytes]) -> None:
    """Have restic end by itself where we leave early: it removes its lock.

    Popen itself waits a quarter of a second for what a Ctrl-C has reached too (its ``__exit__``).
    """
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):  # timeout(1) kills it then
            process.wait(_LET_GO_SECONDS)


def _tail(errors: IO[bytes]) -> tuple[str, ...]:
    size = errors.seek(0, os.SEEK_END)
    errors.seek(max(0, size - _ERROR_BYTES))
    return tuple(errors.read().decode("utf-8", "replace").splitlines())
