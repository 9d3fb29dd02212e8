"""The line to a host: a program at its other end that answers many questions in one round trip."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from pathlib import Path

from gevent.lock import BoundedSemaphore
from paramiko import Channel, SSHException, Transport

from deeprig.transport.boot import boot_command
from deeprig.transport.frames import (
    Answer,
    NotUnderstood,
    Question,
    Write,
    frame_in_order,
    frame_of,
    read_answers,
)

#: A host on which an interpreter needs longer to start has better use for its time.
_START_SECONDS = 30.0


class LineEnded(ConnectionError):
    """The program at the other end is gone, or was never there; the connection may be well."""


class Line:
    """One open line, of one privilege. ``frames`` counts the round trips made over it."""

    def __init__(self, transport: Transport, *, sudo: bool, password: str | None) -> None:
        self.frames = 0
        self._lock = BoundedSemaphore()
        self._transport = transport
        self._mark = os.urandom(12).hex()
        self._is_greeted = False
        self._channel = _start(transport, self._mark, sudo=sudo, password=password)

    def ask(self, questions: tuple[Question, ...]) -> tuple[Answer, ...]:
        """Return the answers, in order. Raise LineEnded where none come."""
        return self._exchange(frame_of(questions), len(questions))

    def do(self, items: tuple[Question | Write, ...]) -> tuple[Answer, ...]:
        """Have things done one after the other, up to the first that fails; return how each ended.

        Raise LineEnded where no answer comes: any of them may have been done.
        """
        return self._exchange(frame_in_order(items), len(items))

    def _exchange(self, frame: bytes, count: int) -> tuple[Answer, ...]:
        with self._lock:
            try:
                self._channel.sendall(frame)
                self._acknowledge_at_once()
                self._greet()
                self.frames += 1
                return read_answers(self._receive, count)
            except (SSHException, OSError, EOFError, NotUnderstood) as error:
                self.close()
                raise LineEnded(self._reason(error)) from error
            except BaseException:
                # Whoever waited was ended; the next question would be given the answer to this one.
                self.close()
                raise

    def close(self) -> None:
        """Hang up; the program ends with its input."""
        with suppress(SSHException, OSError, EOFError):  # it is gone already
            self._channel.close()

    def _greet(self) -> None:
        if self._is_greeted:
            return
        greeting = f"{self._mark}\n".encode()
        self._channel.settimeout(_START_SECONDS)
        if self._receive(len(greeting)) != greeting:
            raise NotUnderstood("something else speaks first (a login shell's start-up file?)")
        self._channel.settimeout(None)  # from now on the connection's liveness is watched
        self._is_greeted = True

    def _receive(self, length: int) -> bytes:
        received = bytearray()  # one list of small parts would take a multiple of them
        while len(received) < length:
            part = self._channel.recv(length - len(received))
            if not part:
                raise EOFError("it ended")
            received += part
        return bytes(received)

    def _acknowledge_at_once(self) -> None:
        """Have the kernel acknowledge what comes now: sshd's Nagle waits for that (tcp(7))."""
        sock = self._transport.sock
        if isinstance(sock, socket.socket) and sock.family != socket.AF_UNIX:
            option = getattr(socket, "TCP_QUICKACK", None)  # Linux
            if option is not None:
                sock.setsockopt(socket.IPPROTO_TCP, option, 1)

    def _reason(self, error: Exception) -> str:
        said = b""
        with suppress(OSError, EOFError):
            if self._channel.recv_stderr_ready():
                said = self._channel.recv_stderr(4096)
        return said.decode("utf-8", "replace").strip() or str(error) or type(error).__name__


def _start(transport: Transport, mark: str, *, sudo: bool, password: str | None) -> Channel:
    program = _program(mark)
    command = boot_command(mark, program)
    first = b""
    if sudo:
        # The same as pyinfra's own, but for where the password comes from: not the arguments.
        asking = "-k -S -p ''" if password else "-n"
        command = f"sudo -H {asking} {command}"
        first = f"{password}\n".encode() if password else b""
    try:
        channel = transport.open_session()
        channel.exec_command(command)
        channel.sendall(first + f"{mark}\n".encode() + program)
    except (SSHException, OSError, EOFError) as error:
        raise LineEnded(str(error) or "it was closed") from error
    return channel


def _program(mark: str) -> bytes:
    text = Path(__file__).with_name("far_side.py").read_text(encoding="utf-8")
    return f"{text}\nserve(b'{mark}\\n')\n".encode()
