"""What a client and its server must agree on, found before any connection."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from deeprig.errors import Problem
from deeprig.inventory.model import DeclaredHost
from roles.backup_server.client import ClientSettings
from roles.backup_server.reaching import ROLE_NAME, server_settings

_CLIENTS_ROLE = "backup"


def problems_between(hosts: tuple[DeclaredHost, ...]) -> tuple[Problem, ...]:
    """Return the repositories whose server is none, or does not know the client or its key."""
    known = {host.name: host for host in hosts}
    found: list[Problem] = []
    for host in hosts:
        if not _has(host, _CLIENTS_ROLE):
            continue
        for name, repository in _repositories(host).items():
            server = getattr(repository, "server", None)
            if server is not None:
                place = f"{host.name}: backup.repositories.{name}.server"
                found += _problems(place, host.name, server, repository, known)
    return tuple(found)


def _problems(
    place: str, client: str, server: str, repository: Any, known: Mapping[str, DeclaredHost]
) -> Iterator[Problem]:
    host = known.get(server)
    if host is None or not _has(host, ROLE_NAME):
        reason = f"there is no host {server}"
        if host is not None:
            reason = f"{server} does not have the role {ROLE_NAME}"
        yield Problem(place, reason, _remedy_server(host))
        return
    settings = server_settings(host)
    declared = settings.clients.get(client)
    if declared is None:
        remedy = f"add {client} to {ROLE_NAME}.clients of {server}, with its public_key"
        yield Problem(place, f"{server} does not have {client} among its clients", remedy)
    elif not declared.uses_ssh:
        reason = f"{client} comes to {server} over REST, with a password in its URL"
        remedy = "give environment RESTIC_REPOSITORY in place of server, as a secret"
        yield Problem(place, reason, remedy)
    else:
        yield from _secret_problems(place.removesuffix(".server"), server, declared, repository)


def _secret_problems(
    place: str, server: str, declared: ClientSettings, repository: Any
) -> Iterator[Problem]:
    if repository.public_key != declared.public_key:
        yield Problem(
            f"{place}.ssh_key",
            f"{server} expects another key: {declared.public_key}",
            f"have the key pair of one machine here and in {ROLE_NAME}.clients of {server}",
        )
    if declared.prune is not None and declared.prune.password != repository.password:
        yield Problem(
            f"{place}.password",
            f"{server} has another password to prune it",
            f"have the repository's password in prune of {ROLE_NAME}.clients of {server}",
        )


def _has(host: DeclaredHost, role: str) -> bool:
    return role in host.role_settings and (host.roles is None or role in host.roles)


def _repositories(host: DeclaredHost) -> Mapping[str, Any]:
    found: Mapping[str, Any] = getattr(host.role_settings[_CLIENTS_ROLE], "repositories", {})
    return found


def _remedy_server(host: DeclaredHost | None) -> str:
    if host is None:
        return "name a host of this inventory, or give url"
    return f"add {ROLE_NAME} to its roles"
