"""Sessions of hosts, each in a process of its own; what was loaded for one serves all."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import closing, suppress
from dataclasses import asdict
from typing import IO, Any

import gevent
from gevent.lock import BoundedSemaphore

from deeprig.verify.request import Request
from deeprig.verify.session_server import PID_KEY, WHOLE_KEY

#: A session that was asked to end tidies up within this time, or is killed.
_END_SECONDS = 5.0
_LAST_LINES = 20


class Unfinished(Exception):
    """A session that did not come to its end; the text is what it printed last."""


class Sessions:
    """Sessions over one inventory; ``close`` ends the process that they are forked off.

    That process starts with the first session.
    """

    def __init__(self, inventory: str) -> None:
        self._inventory = inventory
        self._lock = BoundedSemaphore()
        self._server: subprocess.Popen[bytes] | None = None
        self._requests: socket.socket | None = None
        self._said: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close

    def run(self, request: Request) -> Generator[dict[str, Any], None, None]:
        """Yield what a session tells, as it comes. Raise Unfinished where it is cut short."""
        ours, theirs = socket.socketpair()
        with closing(ours), closing(theirs), tempfile.TemporaryFile() as printed:
            self._ask(asdict(request), theirs.fileno(), printed.fileno())
            theirs.close()
            pid = 0
            try:
                with ours.makefile("r", encoding="utf-8") as lines:
                    for line in lines:
                        told = json.loads(line)
                        if told.get(WHOLE_KEY):
                            pid = 0
                            return
                        if PID_KEY in told:
                            pid = int(told[PID_KEY])
                        elif WHOLE_KEY not in told:
                            yield told
                    pid = 0
            finally:
                if pid:
                    _end(pid, ours)
            raise Unfinished(_tail(printed) or _tail(self._said) or "it ended without a word")

    def close(self) -> None:
        """End the process that sessions are forked off."""
        if self._requests is not None:
            self._requests.close()
        if self._server is not None:
            self._server.wait()
        self._said.close()

    def _ask(self, told: dict[str, Any], *files: int) -> None:
        del told["inventory"]
        with self._lock:
            requests = self._requests or self._start()
            answer = b""
            # Where it has ended, so has what the session would answer on: nothing comes of that.
            with suppress(OSError):
                socket.send_fds(requests, [json.dumps(told).encode()], list(files))
                answer = requests.recv(1)
            if not answer and self._server is not None:
                self._server.wait()  # it has said all then

    def _start(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        number = theirs.fileno()
        command = [sys.executable, "-m", "deeprig.verify.session_server"]
        command += [f"--inventory={self._inventory}", f"--requests={number}"]
        with closing(theirs):
            self._server = subprocess.Popen(
                command,
                pass_fds=(number,),
                stdin=subprocess.DEVNULL,
                stdout=self._said,
                stderr=self._said,
            )
        self._requests = ours
        return ours


def _end(pid: int, results: socket.socket) -> None:
    """Have a session tidy up and end; kill it where that takes too long."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
        try:
            with gevent.Timeout(_END_SECONDS):
                while results.recv(1 << 16):
                    pass
        except gevent.Timeout:
            os.kill(pid, signal.SIGKILL)
        except OSError:
            pass  # it is gone


def _tail(file: IO[bytes]) -> str:
    # Without a seek: the position is shared with who writes.
    text = os.pread(file.fileno(), os.fstat(file.fileno()).st_size, 0)
    return "\n".join(text.decode("utf-8", "replace").splitlines()[-_LAST_LINES:])
