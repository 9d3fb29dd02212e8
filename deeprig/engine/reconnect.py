"""Connect anew to the very machine we are connected to, also at another address.

A network change is proven by a connection that did not exist before it. The machine is known by
its SSH host key: another one that answers at the new address is not it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gevent
from paramiko import PKey, SSHException
from paramiko.hostkeys import HostKeyEntry
from pyinfra.api.exceptions import ConnectError
from pyinfra.api.host import Host
from pyinfra.connectors.sshuserclient.client import get_host_keys

from deeprig.inventory.model import SSH_DEFAULT_PORT

#: A host that does not answer must not hold an attempt up longer than this.
ATTEMPT_SECONDS = 15
#: What a connection that breaks raises in paramiko, and in pyinfra's reading of its output.
CONNECTION_LOST = (OSError, EOFError, SSHException)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a host's sshd is reached; ``port`` None is what the inventory says."""

    address: str
    port: int | None = None

    @property
    def known_as(self) -> str:
        """Return its name in known_hosts (sshd(8))."""
        is_default = self.port in (None, SSH_DEFAULT_PORT)
        return self.address if is_default else f"[{self.address}]:{self.port}"


def endpoint_of(host: Host) -> Endpoint:
    """Return where the host is reached now."""
    port = host.data.get("ssh_port")
    return Endpoint(host.data.get("ssh_hostname") or host.name, int(port) if port else None)


def host_key_of(host: Host) -> PKey | None:
    """Return the key by which the connected machine proved itself; None without SSH."""
    client = getattr(host.connector, "client", None)
    transport = client.get_transport() if client is not None else None
    return transport.get_remote_server_key() if transport is not None else None


def leave(host: Host) -> None:
    """Drop the connection without waiting for the other end, which may be gone."""
    with suppress(gevent.Timeout, *CONNECTION_LOST), gevent.Timeout(ATTEMPT_SECONDS):
        host.disconnect()
    host.connected = False


@contextmanager
def pinned(host: Host, key: PKey) -> Iterator[Path]:
    """Have connections of the host accept this key alone, at whatever address."""
    overrides = host.data.override_datas
    before = {name: overrides[name] for name in _KEY_SETTINGS if name in overrides}
    with tempfile.TemporaryDirectory(prefix="deeprig-") as directory:
        known = Path(directory, "known_hosts")
        host.data.ssh_known_hosts_file = str(known)
        host.data.ssh_strict_host_key_checking = "yes"
        try:
            yield known
        finally:
            for name in _KEY_SETTINGS:  # one that says None is not one that says nothing
                overrides.pop(name, None)
            overrides.update(before)
            _renew_connector(host)


_KEY_SETTINGS = ("ssh_known_hosts_file", "ssh_strict_host_key_checking")


def attempt(host: Host, at: Endpoint, key: PKey, known: Path) -> str | None:
    """Connect to an endpoint within ``pinned``. Return None, or why it did not come about."""
    leave(host)
    known.write_text(f"{at.known_as} {key.get_name()} {key.get_base64()}\n", encoding="ascii")
    get_host_keys.cache.clear()  # pyinfra reads a known_hosts file only once
    host.data.ssh_hostname = at.address
    if at.port is not None:
        host.data.ssh_port = at.port
    _renew_connector(host)
    try:
        with gevent.Timeout(ATTEMPT_SECONDS, ConnectError("no answer")):
            host.connector.connect()  # not the host's: it would log each attempt
    except ConnectError as error:
        return str(error)
    host.connected = True
    return None


def remember(host: Host, at: Endpoint, key: PKey) -> str:
    """Add the machine's key at its new address to the known_hosts file in use; return its path.

    Raise OSError where the file cannot be written.
    """
    configured = host.data.get("ssh_known_hosts_file")
    path = Path(configured or "~/.ssh/known_hosts").expanduser()
    line = HostKeyEntry([at.known_as], key).to_line()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if line is not None and line not in _text(path):
        with path.open("a", encoding="utf-8") as file:
            file.write(line)
    get_host_keys.cache.clear()
    return str(path)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""


def _renew_connector(host: Host) -> None:
    """Have the connector read the host's data again: it copied them when it was made."""
    connector: Any = host.connector
    fresh = type(connector)(connector.state, host)
    connector.data = fresh.data
