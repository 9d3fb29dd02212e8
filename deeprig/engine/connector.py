"""pyinfra's SSH connector, with failures that say what to do, and made quicker.

Measured in shared facts (transport): paramiko leaves Nagle's algorithm on, which together with
delayed acknowledgements costs about 40 ms per command; one socket option removes that.
"""

from __future__ import annotations

from typing import Any

from paramiko import SSHException
from pyinfra.api.command import StringCommand
from pyinfra.api.host import Host
from pyinfra.connectors.ssh import SSHConnector
from pyinfra.connectors.util import CommandOutput

from deeprig.engine.liveness import ANSWER_SECONDS, Liveness, send_at_once, tell_losses
from deeprig.errors import Problem
from deeprig.inventory.model import SSH_DEFAULT_PORT, DeclaredHost

#: Beginning of pyinfra's message, what it means, and what to do. First match wins.
_CAUSES: tuple[tuple[str, str, str], ...] = (
    (
        "SSH host key error",
        "its SSH host key has changed",
        "if the machine was reinstalled, remove the old key: ssh-keygen -R '{target}' "
        "(with -f when you set ssh_known_hosts_file); otherwise somebody is in between",
    ),
    (
        "Authentication error",
        "it refused the login",
        "check ssh_user and ssh_key; try: ssh -p {port} {user}@{host}",
    ),
    (
        "Could not resolve hostname",
        "its name has no address",
        "set ssh_hostname to its address, or mend the name in DNS or /etc/hosts",
    ),
    (
        "Could not connect",
        "no connection",
        "is it on, on the network, and is sshd listening on port {port}? "
        "Check ssh_hostname and ssh_port",
    ),
    (
        "SSH error",
        "the SSH connection failed",
        "try: ssh -v -p {port} {user}@{host}",
    ),
    ("EOF error", "it closed the connection at once", "look at its sshd log: journalctl -u ssh"),
)


class ConnectionLost(ConnectionError):
    """A connection that ended under a command. ``unit`` is where its work goes on, if anywhere."""

    def __init__(self, reason: str, unit: str | None) -> None:
        super().__init__(f"the connection was lost: {reason}")
        self.unit = unit


class WatchedSSHConnector(SSHConnector):
    """pyinfra's connector, and one that knows when its connection is lost.

    ``lost`` is how the connection ended, where it was not we who closed it.
    """

    liveness: Liveness | None = None
    lost: ConnectionLost | None = None

    def connect(self) -> None:
        """Connect as pyinfra does, then set the connection up and watch it."""
        super().connect()
        self.lost = None
        transport = self.client.get_transport() if self.client else None
        if transport is not None:
            tell_losses(transport.sock)
            self.liveness = Liveness(transport)

    def disconnect(self) -> None:
        """Drop the file transfer channel and close the connection (pyinfra leaves it open)."""
        if self.liveness is not None:
            self.liveness.stop()
        super().disconnect()
        if self.client is not None:
            self.client.close()

    def run_shell_command(
        self, command: StringCommand, *arguments: Any, **options: Any
    ) -> tuple[bool, CommandOutput]:
        """Run a command. Raise ConnectionLost where its end cannot be known any more."""
        if options.get("_sudo") and not options.get("_sudo_password"):
            # pyinfra itself gives it to operations and facts, not to what a step of one runs.
            options["_sudo_password"] = self.state.config.SUDO_PASSWORD or None
        try:
            succeeded, output = super().run_shell_command(command, *arguments, **options)
        except (SSHException, OSError, EOFError) as error:
            if self._answers():
                raise
            raise self._lose(command) from error
        # paramiko tells a command without an end as one that failed.
        if not succeeded and not self._answers():
            raise self._lose(command)
        return succeeded, output

    def put_file(self, *arguments: Any, **options: Any) -> bool:
        """Write a file on the host. Raise ConnectionLost where that was cut."""
        try:
            return bool(super().put_file(*arguments, **options))
        except (SSHException, OSError, EOFError) as error:
            if isinstance(error, ConnectionLost) or self._answers():
                raise
            raise self._lose(None) from error

    def get_file(self, *arguments: Any, **options: Any) -> bool:
        """Read a file of the host. Raise ConnectionLost where that was cut."""
        try:
            return bool(super().get_file(*arguments, **options))
        except (SSHException, OSError, EOFError) as error:
            if isinstance(error, ConnectionLost) or self._answers():
                raise
            raise self._lose(None) from error

    def _answers(self) -> bool:
        return self.liveness is not None and self.liveness.answers()

    def _lose(self, command: StringCommand | None) -> ConnectionLost:
        is_silent = self.liveness is not None and self.liveness.is_silent
        reason = f"no answer for {ANSWER_SECONDS} s" if is_silent else "it was closed"
        self.lost = ConnectionLost(reason, getattr(command, "unit", None))
        return self.lost


class QuickSSHConnector(WatchedSSHConnector):
    """The same without Nagle's delay."""

    def connect(self) -> None:
        """Connect, then have TCP send at once."""
        super().connect()
        transport = self.client.get_transport() if self.client else None
        if transport is not None:
            send_at_once(transport.sock)


def loss_of(host: Host) -> ConnectionLost | None:
    """Return how a host's connection was lost, or None."""
    return getattr(host.connector, "lost", None)


def explain_connect_error(message: str, user: str, host: str, port: int) -> Problem:
    """Return reason and remedy for the text of pyinfra's ConnectError."""
    target = host if port == 22 else f"[{host}]:{port}"
    for beginning, reason, remedy in _CAUSES:
        if message.startswith(beginning):
            detail = message.removeprefix(beginning).strip(" :").removeprefix("(").removesuffix(")")
            filled = remedy.format(target=target, port=port, user=user, host=host)
            return Problem(f"{host}:{port}", f"{reason} ({detail})" if detail else reason, filled)
    return Problem(f"{host}:{port}", message, f"try: ssh -v -p {port} {user}@{host}")


def explain_unreachable(declared: DeclaredHost, message: str) -> Problem:
    """Return the same for a declared host."""
    settings = declared.settings
    return explain_connect_error(
        message,
        settings.ssh_user or "USER",
        settings.ssh_hostname or declared.name,
        settings.ssh_port or SSH_DEFAULT_PORT,
    )
