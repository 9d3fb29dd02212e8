"""Ask one host over SSH, and follow its work to the end or until the connection is lost."""

from __future__ import annotations

import shlex
import subprocess
import tempfile
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Protocol

from deeprig.backup.answer import HostAnswer
from deeprig.backup.bounded import Bounded, TooLong
from deeprig.backup.far import Far
from deeprig.backup.judging import Heard, judge, left_running
from deeprig.backup.request import Request
from deeprig.inventory.model import DeclaredHost
from deeprig.verify.ssh_config import ssh_config_text

_ASK = Path(__file__).with_name("ask.sh")
_LONGEST_LINE = 64 * 1024
#: A list of a repository that was filled for years is some MiB.
_LONGEST_DOCUMENT = 64 * 1024 * 1024
#: A network that is gone is told after a minute; TCP by itself would wait for hours.
_ALIVE = ("-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=4", "-o", "ConnectTimeout=10")


class Progress(Protocol):
    """Receives what happens, for showing."""

    def host_started(self, host: str) -> None:
        """Note that a host is asked."""

    def host_is_at(self, host: str, far: Far) -> None:
        """Note how far it is."""

    def host_finished(self, answer: HostAnswer) -> None:
        """Note how it answered."""


@dataclass(slots=True)
class Asking:
    """One host while it is asked; ``answer`` is there once it has ended."""

    host: DeclaredHost
    lab_directory: Path
    request: Request
    progress: Progress
    password: str | None = None
    answer: HostAnswer | None = None
    heard: Heard = field(default_factory=Heard)
    started: float = field(default_factory=time.monotonic)

    def run(self) -> None:
        """Ask it."""
        self.started = time.monotonic()
        self.progress.host_started(self.host.name)
        try:
            answer = judge(self.host, self.heard, *self._asked())
        except TooLong as error:
            reason = f"its answer is longer than {error.bytes_allowed >> 20} MiB: it was ended"
            remedy = "ask for less: --snapshot, or one repository; look at the host"
            answer = HostAnswer(self.host.name, "failed", reason, remedy, unit=self.heard.unit)
        except FileNotFoundError as error:
            reason, remedy = f"ssh cannot be run: {error}", "install it: apt install openssh-client"
            answer = HostAnswer(self.host.name, "failed", reason, remedy)
        self.answer = self._ended(answer)
        self.progress.host_finished(self.answer)

    def finish(self) -> HostAnswer:
        """Return the answer; one that was abandoned may have left its work running."""
        if self.answer is not None:
            return self.answer
        if self.heard.unit is not None:
            return self._ended(left_running(self.host, self.heard, "no longer followed"))
        reason = "interrupted before it answered"
        return self._ended(HostAnswer(self.host.name, "interrupted", reason))

    def _asked(self) -> tuple[int, str]:
        """Return ssh's exit code and the standard output of the host's program."""
        with tempfile.TemporaryDirectory(prefix="deeprig-") as directory:
            config = Path(directory, "ssh_config")
            text = ssh_config_text(self.host, self.lab_directory, Path(directory))
            config.write_text(text, encoding="utf-8")
            code, output = self._run(config)
            return code, output.decode("utf-8", "replace")

    def _run(self, config: Path) -> tuple[int, bytes]:
        remote = shlex.join(self._remote())
        process = subprocess.Popen(
            ["ssh", "-F", str(config), *_ALIVE, self.host.name, remote],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # A Ctrl-C is ours to understand: it is not to cut the connections by itself.
            start_new_session=True,
        )
        document = Bounded(process, _LONGEST_DOCUMENT)
        with process, document:
            try:
                self._give_password(process.stdin)
                while process.stderr and (line := process.stderr.readline(_LONGEST_LINE)):
                    self._take(line)
                return process.wait(), document.text()
            finally:
                if process.poll() is None:
                    process.terminate()

    def _take(self, line: bytes) -> None:
        far = self.heard.take(line.decode("utf-8", "replace").rstrip("\n"))
        if far is not None:
            self.progress.host_is_at(self.host.name, far)

    def _remote(self) -> tuple[str, ...]:
        sudo = "sudo" if self.host.needs_sudo else "plain"
        asks = "none" if self.password is None else "password"
        text = _ASK.read_text(encoding="utf-8")
        return ("sh", "-c", text, "deeprig-backup", sudo, asks, *self.request.remote)

    def _give_password(self, stdin: IO[bytes] | None) -> None:
        if stdin is None:
            return
        try:
            if self.password is not None:
                stdin.write(f"{self.password}\n".encode())
            stdin.close()
        except BrokenPipeError:
            return  # ssh has ended already: its exit code and its words say why

    def _ended(self, answer: HostAnswer) -> HostAnswer:
        return replace(answer, seconds=round(time.monotonic() - self.started, 2))
