"""A program on a host that runs as long as its controller does: its input is the line to it.

pyinfra closes a command's input at once, so this starts it beside pyinfra, over the same connection
and with the same sudo.
"""

from __future__ import annotations

import codecs
from contextlib import suppress
from typing import Any, Protocol

from gevent.subprocess import PIPE, Popen
from paramiko import Channel, SSHException
from pyinfra.api.command import StringCommand
from pyinfra.api.exceptions import PyinfraError
from pyinfra.api.host import Host
from pyinfra.connectors.local import LocalConnector
from pyinfra.connectors.ssh import SSHConnector
from pyinfra.connectors.util import make_unix_command_for_host

from deeprig.engine.connector import ConnectionLost

#: Beyond that a host that answers to nothing is not waited for.
_ANSWER_SECONDS = 120.0


class LineUnknown(PyinfraError):
    """A connector that keeps no program's input open (a container's, a chroot's)."""


class Line(Protocol):
    """Input and output of a program on a host. The end of the connection ends its input."""

    @property
    def is_open(self) -> bool:
        """Say whether the program still runs, as far as is known here."""

    def send(self, text: str) -> None:
        """Write a line. Raise OSError when the line is cut."""

    def read_line(self) -> str | None:
        """Return the next line of output, or None at its end. Raise OSError when none comes."""

    def errors(self) -> str:
        """Return what it wrote to standard error; the program has ended."""

    def close(self) -> None:
        """Close the line."""


class SshLine:
    """A line through an SSH connection's own channel."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        channel.settimeout(_ANSWER_SECONDS)
        self._output = channel.makefile("r", 1)

    @property
    def is_open(self) -> bool:
        """Say whether the program still runs."""
        transport = self._channel.get_transport()
        is_ended = self._channel.closed or self._channel.exit_status_ready()
        return transport.is_active() and not is_ended

    def send(self, text: str) -> None:
        """Write a line."""
        self._channel.sendall(f"{text}\n".encode())

    def read_line(self) -> str | None:
        """Return the next line, or None at the end."""
        line = self._output.readline()
        return line.rstrip("\n") if line else None

    def errors(self) -> str:
        """Return what it wrote to standard error."""
        return b"".join(iter(lambda: self._channel.recv_stderr(4096), b"")).decode(
            "utf-8", "replace"
        )

    def close(self) -> None:
        """Close the channel."""
        self._channel.close()


class LocalLine:
    """A line to a program on the controller itself (pyinfra's ``@local``)."""

    def __init__(self, command: str) -> None:
        self._process: Any = Popen(["/bin/sh", "-c", command], stdin=PIPE, stdout=PIPE, stderr=PIPE)

    @property
    def is_open(self) -> bool:
        """Say whether the program still runs."""
        return self._process.poll() is None

    def send(self, text: str) -> None:
        """Write a line."""
        self._process.stdin.write(f"{text}\n".encode())
        self._process.stdin.flush()

    def read_line(self) -> str | None:
        """Return the next line, or None at the end."""
        line = self._process.stdout.readline()
        return codecs.decode(line, "utf-8", "replace").rstrip("\n") if line else None

    def errors(self) -> str:
        """Return what it wrote to standard error."""
        return codecs.decode(self._process.stderr.read(), "utf-8", "replace")

    def close(self) -> None:
        """Close its input, and wait for the end that this is to it."""
        with suppress(BrokenPipeError):  # it has ended already
            self._process.stdin.close()
        self._process.wait()
        for stream in (self._process.stdout, self._process.stderr):
            stream.close()


def open_line(host: Host, command: StringCommand, *, sudo: bool, password: str | None) -> Line:
    """Start a command whose input stays open. Raise ConnectionLost when the connection is.

    Raise LineUnknown for a connector that has no such thing.
    """
    arguments = {"_sudo": sudo, "_sudo_password": password}
    made = make_unix_command_for_host(host.state, host, command, **arguments)
    if isinstance(host.connector, LocalConnector):
        return LocalLine(made.get_raw_value())
    if not isinstance(host.connector, SSHConnector):
        raise LineUnknown(f"{type(host.connector).__name__} keeps no line open")
    client = host.connector.client
    transport = client.get_transport() if client else None
    if transport is None:
        raise ConnectionLost("it was closed", None)
    try:
        channel = transport.open_session()
        channel.exec_command(made.get_raw_value())
    except (SSHException, EOFError) as error:
        raise ConnectionLost(str(error) or "it was closed", None) from error
    return SshLine(channel)
