"""Run a script on the host over testinfra's own connection, with its output as it comes.

testinfra's ``host.run`` gives the output at the end only, and takes no standard input.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

_ERROR_BYTES = 4096
#: A document of a soak test has some hundred kilobytes.
_LONGEST_LINE_BYTES = 16 * 1024 * 1024
MOST_BYTES = 4 * _LONGEST_LINE_BYTES
_SSH_FAILED = 255


@dataclass(frozen=True, slots=True)
class Ended:
    """How a script ended: its exit code, and the end of its standard error."""

    code: int
    errors: str

    @property
    def was_unreachable(self) -> bool:
        """Say whether ssh itself failed; the script may have been cut."""
        return self.code == _SSH_FAILED


def run_script(
    host: Any, script: str, stdin: bytes, on_line: Callable[[str], None], seconds: float
) -> Ended:
    """Run a script as the checks run theirs, and give each line of its output to ``on_line``.

    ``host`` is testinfra's, over ssh or local. After so many seconds, and where it says more than
    anybody reads, it is given up: ``Ended`` says so.
    """
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            _words(host.backend, script),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        )
        given_up: list[str] = []

        def give_up(reason: str) -> None:
            given_up.append(reason)
            _end(process)

        late = threading.Timer(seconds, give_up, (f"no end after {seconds:g} s",))
        # Beside reading: a host that does not take the programs must not stop both.
        sender = threading.Thread(target=_send, args=(process, stdin))
        with process:
            late.start()
            sender.start()
            try:
                _read(process, on_line, give_up)
                code = process.wait()
            finally:
                late.cancel()
                _end(process)
                sender.join()
                late.join()
        size = errors.seek(0, 2)
        errors.seek(max(0, size - _ERROR_BYTES))
        said = errors.read().decode("utf-8", "replace").strip()
        return Ended(code, "; ".join([*given_up[:1], *filter(None, [said])]))


def _read(
    process: subprocess.Popen[bytes],
    on_line: Callable[[str], None],
    give_up: Callable[[str], None],
) -> None:
    """Give lines on, as long as they are lines: a host may say anything, and without end."""
    if process.stdout is None:
        return
    left = MOST_BYTES
    while raw := process.stdout.readline(_LONGEST_LINE_BYTES):
        left -= len(raw)
        if left < 0 or (len(raw) == _LONGEST_LINE_BYTES and not raw.endswith(b"\n")):
            give_up("it says more than anybody reads")
            return
        on_line(raw.decode("utf-8", "replace").rstrip("\n"))


def _end(process: subprocess.Popen[bytes]) -> None:
    """End what still runs, and what it has started: that would keep the pipe open."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)


def _send(process: subprocess.Popen[bytes], stdin: bytes) -> None:
    if process.stdin is None:
        return
    try:
        process.stdin.write(stdin)
        process.stdin.close()
    except BrokenPipeError:
        return  # it has ended: its exit code and its words say why


def _words(backend: Any, script: str) -> list[str]:
    """Return the words of a local command: testinfra's, without its wish to collect the output."""
    command = backend.get_command("sh -c %s", script)
    if backend.get_connection_type() == "local":
        return ["sh", "-c", command]
    # Options and their values stand in one text of a shell: testinfra runs it through one too.
    template, values = backend._build_ssh_command(command)
    return shlex.split(backend.quote(" ".join(template), *values))
