"""How a client reaches its repository on a backup server of the same inventory."""

from __future__ import annotations

from deeprig.inventory.model import DeclaredHost
from roles.backup_server.places import REPOSITORY
from roles.backup_server.settings import BackupServerSettings

ROLE_NAME = "backup_server"


def server_settings(server: DeclaredHost) -> BackupServerSettings:
    """Return a host's settings of this role. Raise TypeError where it has others."""
    settings = server.role_settings[ROLE_NAME]
    if not isinstance(settings, BackupServerSettings):
        raise TypeError(f"{server.name}: {ROLE_NAME} has settings of {type(settings).__name__}")
    return settings


def server_address(server: DeclaredHost) -> str:
    """Return where clients reach a server; an IPv6 address in brackets, as in a URL."""
    declared = server_settings(server).address
    address = declared or server.settings.ssh_hostname or server.name
    return f"[{address}]" if ":" in address and not address.startswith("[") else address


def repository_url(server: DeclaredHost, client: str) -> str:
    """Return the URL of a client's repository, as ``backup.conf`` on the client has it.

    Raise KeyError where the server has no such client: the roles' ``across_roles`` tells it first.
    """
    settings = server_settings(server)
    place = settings.place(client)
    address = server_address(server)
    if place.access == "rest":
        scheme = "http" if settings.rest is None or settings.rest.tls is None else "https"
        port = 0 if settings.rest is None else settings.rest.port
        return f"rest:{scheme}://{address}:{port}/{client}/"
    if place.access == "sftp":
        return f"sftp://{place.user}@{address}:{settings.ssh_port}//{REPOSITORY}"
    return f"rclone+ssh://{place.user}@{address}:{settings.ssh_port}"
