"""Settings of the cache_server role: what this host keeps for the lab, and for whom."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_network
from itertools import pairwise
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from deeprig.role import RoleSettings
from deeprig.tasks.tls_settings import TlsSettings
from roles.cache_server.upstream import UpstreamSettings

Address = IPv4Address | IPv6Address
EVERY_ADDRESS = IPv4Address(0)
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")]
#: It stands in nginx's and systemd's files: no blanks, quotes, % or links upwards.
Directory = Annotated[str, Field(pattern=r"^(/[A-Za-z0-9_][A-Za-z0-9_.-]*)+$")]
#: A wider network than this is no lab: the cache would be everybody's.
_WIDEST = {4: 8, 6: 16}


def _network(value: str) -> str:
    try:
        network = ip_network(value)
    except ValueError as error:
        raise ValueError(f"this is no address or network: {error}") from error
    if network.prefixlen < _WIDEST[network.version]:
        raise ValueError("this is no lab: a cache for everybody would be an open proxy")
    return str(network)


def _address(name: str) -> str:
    if not name or name.startswith("-") or not all(c.isalnum() or c in ".-:" for c in name):
        raise ValueError("this is no name or address of a machine")
    return name


def _check_upstreams(upstreams: tuple[UpstreamSettings, ...]) -> None:
    """Raise ValueError where two upstreams contradict each other."""
    urls = sorted(f"{one.url}/" for one in upstreams)
    if any(later.startswith(earlier) for earlier, later in pairwise(urls)):
        raise ValueError("one upstream lies below another, or is it: declare the upper one")
    for kind in ("pip", "conda"):
        if sum(one.is_default and one.kind == kind for one in upstreams) > 1:
            raise ValueError(f"a tool has one default: {kind} has two")
    ways = {(one.host, one.is_tls) for one in upstreams if one.kind == "apt"}
    if len({host for host, _ in ways}) < len(ways):
        raise ValueError("archives of one server must be reached in one way, http or https")


class CacheServerSettings(RoleSettings):
    """Settings under ``cache_server`` in the inventory."""

    upstreams: dict[Name, UpstreamSettings] = Field(
        {}, description="The servers outside whose files are kept. None: this host is no cache."
    )
    clients: tuple[Annotated[str, AfterValidator(_network)], ...] = Field(
        (), description="Addresses and networks of the hosts that may ask; nobody else may."
    )
    address: Annotated[str, AfterValidator(_address)] | None = Field(
        None, description="Where clients reach it. Default: ssh_hostname, or the host's name."
    )
    listen: Address = Field(EVERY_ADDRESS, description="Address that it listens on.")
    port: int = Field(3142, ge=1024, le=65535, description="Its port for http.")
    tls_port: int = Field(3143, ge=1024, le=65535, description="Its port for https.")
    tls: TlsSettings | None = Field(
        None,
        description="Certificate and key for https. Without them only what is verified by a "
        "signature or checksum of its own goes through the cache.",
    )
    directory: Directory = Field("/srv/deeprig-cache", description="Where the files are kept.")
    size_gib: int = Field(100, ge=1, le=100_000, description="How much they may take.")
    minimum_free_gib: int = Field(
        5,
        ge=1,
        le=10_000,
        description="The cache leaves this free: it removes files before (nginx from 1.19.1, so "
        "not on Ubuntu 22.04), and verify fails where less is left.",
    )
    keep_days: int = Field(
        60, ge=1, le=3660, description="A file that nobody asked for so long is removed."
    )

    index_seconds: int = Field(
        1,
        ge=1,
        le=3600,
        description="How long a list of packages is given out without asking whether it has "
        "changed. More spares an upstream that cannot say so, and can make apt see two lists that "
        "do not fit each other while a repository changes.",
    )

    @model_validator(mode="after")
    def _fits(self) -> CacheServerSettings:
        if self.upstreams and not self.clients:
            raise ValueError("nobody may ask: declare clients, such as ['192.0.2.0/24']")
        if self.tls is not None and self.tls_port == self.port:
            raise ValueError("port and tls_port are one")
        _check_upstreams(tuple(self.upstreams.values()))
        return self

    @property
    def apt_hosts(self) -> dict[str, tuple[str, ...]]:
        """Return the names of upstreams by server, for those that apt asks for through a proxy."""
        found: dict[str, tuple[str, ...]] = {}
        for name, one in self.upstreams.items():
            if one.kind == "apt":
                found[one.host] = (*found.get(one.host, ()), name)
        return found

    @property
    def asked_at(self) -> str:
        """Return the address at which the machine itself asks it."""
        address = "127.0.0.1" if self.listen.is_unspecified else str(self.listen)
        return f"[{address}]" if ":" in address else address

    def listens(self, port: int) -> tuple[str, ...]:
        """Return nginx's ``listen`` values for a port."""
        if self.listen == EVERY_ADDRESS:
            return (f"{port}", f"[::]:{port}")
        address = str(self.listen)
        return (f"[{address}]:{port}" if ":" in address else f"{address}:{port}",)
