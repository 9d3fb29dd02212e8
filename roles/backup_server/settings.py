"""Settings of the backup_server role: whose repositories this host keeps, and how they come in."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from deeprig.role import RoleSettings
from deeprig.tasks.tls_settings import TlsSettings
from roles.backup_server.client import ClientSettings
from roles.backup_server.places import REST, Place, place_of

Address = IPv4Address | IPv6Address
EVERY_ADDRESS = IPv4Address(0)
#: It becomes ``backup-NAME``, a user; Debian's longest name has 32 characters.
Name = Annotated[str, Field(pattern=r"^[a-z]([a-z0-9-]{0,21}[a-z0-9])?$")]
#: It stands in sshd's and systemd's files: no blanks, quotes, % or links upwards.
Directory = Annotated[str, Field(pattern=r"^(/[A-Za-z0-9_][A-Za-z0-9_.-]*)+$")]
Clock = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
#: Releases with the package restic-rest-server.
_HAVE_REST_SERVER = (("debian", "13"), ("ubuntu", "26.04"))


def _address(name: str) -> str:
    if not name or name.startswith("-") or any(c.isspace() or c in "/@'\"" for c in name):
        raise ValueError("this is no name or address of a machine")
    return name


class RestSettings(RoleSettings):
    """restic's REST server, append-only, each client with a repository of its own."""

    listen: Address = Field(EVERY_ADDRESS, description="Address that it listens on.")
    port: int = Field(8000, ge=1024, le=65535, description="Its port.")
    tls: TlsSettings | None = Field(
        None, description="Certificate and key; only on a loopback address it may be left out."
    )

    @model_validator(mode="after")
    def _is_not_readable(self) -> RestSettings:
        if self.tls is None and not self.listen.is_loopback:
            raise ValueError("passwords would go over the network readable: declare tls")
        return self

    @property
    def listens(self) -> str:
        """Return ``address:port`` as Go programs take it; for every address of both families."""
        return f":{self.port}" if self.listen.is_unspecified else self._at(str(self.listen))

    @property
    def asked_at(self) -> str:
        """Return ``address:port`` at which the machine itself asks it."""
        return self._at("127.0.0.1" if self.listen.is_unspecified else str(self.listen))

    def _at(self, address: str) -> str:
        return f"[{address}]:{self.port}" if ":" in address else f"{address}:{self.port}"

    def has_package(self, distribution: str, release: str) -> bool:
        """Say whether a release has restic's own REST server; rclone has one too."""
        return (distribution, release) in _HAVE_REST_SERVER


class BackupServerSettings(RoleSettings):
    """Settings under ``backup_server`` in the inventory."""

    directory: Directory = Field(
        "/srv/backup", description="Where the repositories lie; root has it."
    )
    mount: Directory | None = Field(
        None,
        description="What must be mounted before anything is changed: without its disk, backups "
        "would fill the system's.",
    )
    address: Annotated[str, AfterValidator(_address)] | None = Field(
        None, description="Where clients reach it. Default: ssh_hostname, or the host's name."
    )
    ssh_port: int = Field(22, ge=1, le=65535, description="Its sshd's port, as clients see it.")
    clients: dict[Name, ClientSettings] = Field(
        {}, description="The machines that keep a repository here, by their names in the inventory."
    )
    rest: RestSettings | None = Field(
        None, description="The REST server, for clients with access 'rest'."
    )
    prune_at: Clock = Field("05:00", description="When repositories with prune are pruned.")
    minimum_free_percent: int = Field(
        10, ge=1, le=90, description="verify fails where less of the disk is free."
    )

    @model_validator(mode="after")
    def _fits(self) -> BackupServerSettings:
        if REST in self.clients:
            raise ValueError(f"no client can be named {REST!r}: its directory is the REST server's")
        has_rest_clients = any(not client.uses_ssh for client in self.clients.values())
        if has_rest_clients and self.rest is None:
            raise ValueError("a client has access 'rest': declare rest")
        keys = [client.public_key for client in self.clients.values() if client.public_key]
        if len(set(keys)) < len(keys):
            raise ValueError("two clients have one public_key: each needs its own")
        return self

    def place(self, client: str) -> Place:
        """Return where a client's things are. Raise KeyError where there is no such client."""
        return place_of(self.directory, client, self.clients[client].access)

    @property
    def places(self) -> tuple[Place, ...]:
        """Return where each client's things are."""
        return tuple(self.place(name) for name in self.clients)

    @property
    def ssh_places(self) -> tuple[Place, ...]:
        """Return the clients that come in over SSH."""
        return tuple(place for place in self.places if place.access != REST)

    @property
    def rest_places(self) -> tuple[Place, ...]:
        """Return the clients of the REST server."""
        return tuple(place for place in self.places if place.access == REST)

    @property
    def pruned(self) -> dict[str, ClientSettings]:
        """Return the clients whose repositories the server prunes."""
        return {name: one for name, one in self.clients.items() if one.prune is not None}
