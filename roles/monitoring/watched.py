"""Who is watched from where: the addresses of exporters, and where they must listen for that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, ip_address

from deeprig.errors import Problem
from deeprig.inventory.model import DeclaredHost
from roles.monitoring.settings import LOOPBACK, Address, MonitoringSettings

#: Every address; templates write it as Go programs take it, for both families (net.Listen: "").
EVERY_ADDRESS = IPv4Address(0)


@dataclass(frozen=True, slots=True)
class Watched:
    """A host as the lab server sees it; ``target`` is ``address:port``."""

    name: str
    target: str


def settings_of(host: DeclaredHost) -> MonitoringSettings:
    """Return a host's settings of this role."""
    settings = host.role_settings["monitoring"]
    if not isinstance(settings, MonitoringSettings):
        raise TypeError(f"{host.name}: monitoring has settings of {type(settings).__name__}")
    return settings


def watched_by(server: str, hosts: tuple[DeclaredHost, ...]) -> tuple[Watched, ...]:
    """Return every host that has the role, as the host named ``server`` reaches it."""
    return tuple(Watched(host.name, _target(host, server)) for host in hosts)


def exporter_listens(name: str, hosts: Mapping[str, MonitoringSettings]) -> Address:
    """Return where a host's exporter listens: only to itself, unless a lab server watches it."""
    declared = hosts[name].exporter.listen
    if declared is not None:
        return declared
    is_watched = any(other.server for host, other in hosts.items() if host != name)
    return EVERY_ADDRESS if is_watched else LOOPBACK


def asked_at(listens: Address, port: int) -> str:
    """Return ``address:port`` at which the machine itself asks what listens so."""
    return with_port(str(LOOPBACK if listens.is_unspecified else listens), port)


def with_port(host: str, port: int) -> str:
    """Return ``host:port``, an IPv6 address in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def reach_problems(server: str, hosts: tuple[DeclaredHost, ...]) -> tuple[Problem, ...]:
    """Return the hosts whose address means another machine where the lab server asks for it."""
    found = []
    for host in hosts:
        address = _declared_address(host)
        if host.name != server and _is_loopback(address):
            found.append(
                Problem(
                    f"{host.name}: monitoring.exporter.address",
                    f"the lab server {server} would look for it at {address}, which is {server}",
                    "declare the address that it has in the lab's network",
                )
            )
    return tuple(found)


def problems_across(hosts: Mapping[str, MonitoringSettings]) -> tuple[Problem, ...]:
    """Return the hosts that a lab server watches and that listen to themselves only."""
    servers = [name for name, settings in hosts.items() if settings.server]
    return tuple(
        Problem(
            f"{name}: monitoring.exporter.listen",
            f"the lab server {server} cannot reach {settings.exporter.listen}",
            "declare an address of the lab's network, or leave it out",
        )
        for name, settings in hosts.items()
        for server in servers
        if name != server and settings.exporter.listen and settings.exporter.listen.is_loopback
    )


def _target(host: DeclaredHost, server: str) -> str:
    exporter = settings_of(host).exporter
    if host.name != server:
        return with_port(_declared_address(host), exporter.port)
    return asked_at(exporter.listen or LOOPBACK, exporter.port)


def _declared_address(host: DeclaredHost) -> str:
    return settings_of(host).exporter.address or host.settings.ssh_hostname or host.name


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"
