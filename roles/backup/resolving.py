"""What the rest of the inventory says for a host's backup: where conda is, which server it has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from deeprig.errors import DeclarationRefused, Problem
from deeprig.inventory.model import DeclaredHost
from deeprig.role import RoleSettings
from roles.backup.repository import RepositorySettings
from roles.backup.settings import BackupSettings
from roles.backup_server.reaching import repository_url


def resolved(
    settings: BackupSettings,
    host: str,
    settings_of: Mapping[str, RoleSettings],
    servers: Iterable[DeclaredHost],
) -> BackupSettings:
    """Return a host's settings with what others' settings decide, where nothing was declared.

    Raise DeclarationRefused for what does not fit the server that a repository names.
    """
    by_name = {server.name: server for server in servers}
    repositories = {
        name: _reached(one, host, name, by_name) for name, one in settings.repositories.items()
    }
    found = settings.model_copy(update={"repositories": repositories})
    if found.conda_prefixes is not None:
        return found
    prefix = getattr(settings_of.get("conda"), "prefix", None)
    return found.model_copy(update={"conda_prefixes": (prefix,) if prefix else ()})


def needs_servers(settings: BackupSettings) -> bool:
    """Say whether any repository is on a server of the inventory."""
    return any(one.server is not None for one in settings.repositories.values())


def _reached(
    one: RepositorySettings, host: str, name: str, servers: Mapping[str, DeclaredHost]
) -> RepositorySettings:
    """Return a repository with the URL at which its server has it; that decides who prunes."""
    if one.server is None:
        return one
    place = f"{host}: backup.repositories.{name}"
    try:
        url = repository_url(servers[one.server], host)
    except KeyError:
        # A whole inventory was refused before; this is pyinfra's own command line.
        reason = f"{one.server} keeps no repository of {host}"
        remedy = f"add {host} to backup_server.clients of {one.server}"
        raise DeclarationRefused((Problem(f"{place}.server", reason, remedy),)) from None
    found = one.model_copy(update={"url": url, "server": None})
    faults = found.faults
    if faults:
        reasons = (Problem(place, reason, f"see how {one.server} has it") for reason in faults)
        raise DeclarationRefused(tuple(reasons))
    return found
