"""pyinfra's SSH connector, made quicker and with failures that say what to do.

Measured in shared facts (transport): paramiko leaves Nagle's algorithm on, which together with
delayed acknowledgements costs about 40 ms per command; one socket option removes that.
"""

from __future__ import annotations

import socket

from pyinfra.api.host import Host
from pyinfra.connectors.ssh import SSHConnector

from deeprig.errors import Problem

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


class QuickSSHConnector(SSHConnector):
    """pyinfra's connector with TCP_NODELAY, and with a client that is closed at the end."""

    def connect(self) -> None:
        """Connect as pyinfra does, then switch Nagle's algorithm off."""
        super().connect()
        transport = self.client.get_transport() if self.client else None
        sock = getattr(transport, "sock", None)
        if isinstance(sock, socket.socket) and sock.family != socket.AF_UNIX:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def disconnect(self) -> None:
        """Drop the file transfer channel and close the connection (pyinfra leaves it open)."""
        super().disconnect()
        if self.client is not None:
            self.client.close()


def use_quick_connector(host: Host) -> None:
    """Replace pyinfra's SSH connector of a host; other connectors (@local ...) stay."""
    if host.connector_cls is SSHConnector:
        host.connector_cls = QuickSSHConnector


def explain_connect_error(message: str, user: str, host: str, port: int) -> Problem:
    """Return reason and remedy for the text of pyinfra's ConnectError."""
    target = host if port == 22 else f"[{host}]:{port}"
    for beginning, reason, remedy in _CAUSES:
        if message.startswith(beginning):
            detail = message.removeprefix(beginning).strip(" :").removeprefix("(").removesuffix(")")
            filled = remedy.format(target=target, port=port, user=user, host=host)
            return Problem(f"{host}:{port}", f"{reason} ({detail})" if detail else reason, filled)
    return Problem(f"{host}:{port}", message, f"try: ssh -v -p {port} {user}@{host}")
