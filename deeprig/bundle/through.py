"""The way from a host to the bundle: a port of the host's loopback, led back through its SSH
connection to the controller. Nothing else is opened on either machine."""

from __future__ import annotations

import os
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any
from weakref import WeakKeyDictionary

from paramiko import Channel, SSHException, Transport
from pyinfra.api.command import StringCommand
from pyinfra.api.host import Host
from pyinfra.connectors.ssh import SSHConnector
from pyinfra.connectors.util import CommandOutput

from deeprig.bundle.far_side import FarSide
from deeprig.bundle.proxy import Replay
from deeprig.engine.connector import ConnectionLost
from deeprig.engine.steady_command import SteadyCommand
from deeprig.errors import DeeprigError
from deeprig.transport.reads import is_reading

_LOOPBACK = "127.0.0.1"
_CHUNK_BYTES = 1 << 16
_TOKEN = re.compile(r"[0-9a-f]{32}")
#: Connections from one host at a time; any of its users can begin one.
MOST_CHANNELS = 64
#: Which bundle a host's connections lead to.
_replays: WeakKeyDictionary[Host, Replay] = WeakKeyDictionary()


@contextmanager
def led_through(host: Host, replay: Replay) -> Iterator[None]:
    """Within it every connection to an SSH host leads to the bundle."""
    base = host.connector_cls
    _replays[host] = replay
    host.connector_cls = type(f"{base.__name__}ThroughBundle", (_ThroughBundle, base), {})
    try:
        yield
    finally:
        host.connector_cls = base
        del _replays[host]


class _ThroughBundle(SSHConnector):
    """What a connector does besides, while a bundle is in use."""

    far_side: FarSide | None = None

    def connect(self) -> None:
        """Connect, and open the way; again after a reboot. Raise DeeprigError if there is none."""
        super().connect()
        transport = self.client.get_transport() if self.client else None
        if transport is not None:
            self._open(transport)

    def disconnect(self) -> None:
        """Take the files in /run away where the host can still be told, and leave."""
        far_side, self.far_side = self.far_side, None
        transport = self.client.get_transport() if self.client else None
        if far_side is not None and transport is not None and transport.is_active():
            # Lost in this moment, the files stay: nothing reads them, and the next boot ends them.
            with suppress(ConnectionLost, SSHException, OSError, EOFError):
                super().run_shell_command(far_side.remove(), _sudo=self._sudo())
        super().disconnect()

    def run_shell_command(
        self, command: StringCommand, *arguments: Any, **options: Any
    ) -> tuple[bool, CommandOutput]:
        """Run a command with the variables that lead to the bundle; facts download nothing."""
        if self.far_side is not None and not is_reading():
            downloads = isinstance(command, SteadyCommand)
            options["_env"] = self.far_side.variables(options.get("_env"), downloads=downloads)
            command = self.far_side.logged_in(command, downloads=downloads)
        return super().run_shell_command(command, *arguments, **options)

    def _open(self, transport: Transport) -> None:
        replay = _replays[self.host]
        free = threading.BoundedSemaphore(MOST_CHANNELS)

        def connected(channel: Channel, origin: Any, server: Any) -> None:
            if free.acquire(blocking=False):
                join(channel, replay.port, free.release)
            else:
                channel.close()

        try:
            port = transport.request_port_forward(_LOOPBACK, 0, connected)
        except SSHException as error:
            raise DeeprigError(
                f"its sshd does not lead a port back: {error}",
                place=self.host.name,
                remedy="a bundle comes through the SSH connection: allow it (AllowTcpForwarding "
                "yes, or remote, in sshd_config)",
            ) from error
        far_side = FarSide(os.urandom(4).hex(), port)
        succeeded, output = super().run_shell_command(
            far_side.place(replay.authority.pem), _sudo=self._sudo()
        )
        if not succeeded:
            raise DeeprigError(
                f"the way to the bundle cannot be set up: {output.stderr}", place=self.host.name
            )
        token = output.stdout.strip()
        if not _TOKEN.fullmatch(token):
            raise DeeprigError("the way to the bundle has no token", place=self.host.name)
        replay.admit(token)
        self.far_side = far_side

    def _sudo(self) -> bool:
        return bool(self.host.data.get("ssh_user") != "root")


def join(channel: Channel, port: int, ended: Callable[[], None]) -> None:
    """Join what came from a host with the server on this machine's loopback, in the background."""

    def carry() -> None:
        try:
            _carry(channel, port)
        finally:
            ended()

    threading.Thread(target=carry, daemon=True).start()


def _carry(channel: Channel, port: int) -> None:
    try:
        server = socket.create_connection((_LOOPBACK, port))
    except OSError:  # the run is over
        channel.close()
        return
    with server, channel:
        back = threading.Thread(target=_copy, args=(server, channel), daemon=True)
        back.start()
        _copy(channel, server)
        back.join()


def _copy(source: Any, target: Any) -> None:
    """Copy until the source ends, and tell the target so; either may go away before."""
    with suppress(OSError, EOFError, SSHException):
        while data := source.recv(_CHUNK_BYTES):
            target.sendall(data)
    with suppress(OSError, EOFError, SSHException):
        target.shutdown(socket.SHUT_WR) if isinstance(target, socket.socket) else (
            target.shutdown_write()
        )
