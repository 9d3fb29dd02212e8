"""What a client and its cache must agree on, found before any connection."""

from __future__ import annotations

from collections.abc import Mapping

from deeprig.errors import Problem
from deeprig.inventory.model import DeclaredHost
from roles.cache.settings import CacheSettings
from roles.cache_server.reaching import ROLE_NAME, server_settings

_CLIENTS_ROLE = "cache"


def problems_between(hosts: tuple[DeclaredHost, ...]) -> tuple[Problem, ...]:
    """Return the clients whose cache is none."""
    known = {host.name: host for host in hosts}
    return tuple(
        problem
        for host in hosts
        if _has(host, _CLIENTS_ROLE)
        if (problem := _problem(host, known)) is not None
    )


def _problem(host: DeclaredHost, known: Mapping[str, DeclaredHost]) -> Problem | None:
    settings = host.role_settings[_CLIENTS_ROLE]
    if not isinstance(settings, CacheSettings) or settings.server is None:
        return None
    place, name = f"{host.name}: cache.server", settings.server
    server = known.get(name)
    if server is None:
        return Problem(place, f"there is no host {name}", "name a host of this inventory")
    if not _has(server, ROLE_NAME):
        reason = f"{name} does not have the role {ROLE_NAME}"
        return Problem(place, reason, f"add {ROLE_NAME} to its roles")
    if not server_settings(server).upstreams:
        reason = f"{name} keeps nothing: it has no {ROLE_NAME}.upstreams"
        return Problem(place, reason, f"declare {ROLE_NAME}.upstreams of {name}")
    return None


def _has(host: DeclaredHost, role: str) -> bool:
    return role in host.role_settings and (host.roles is None or role in host.roles)
