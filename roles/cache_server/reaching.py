"""How a client reaches a cache of the same inventory."""

from __future__ import annotations

from deeprig.inventory.model import DeclaredHost
from roles.cache_server.settings import CacheServerSettings

ROLE_NAME = "cache_server"


def server_settings(server: DeclaredHost) -> CacheServerSettings:
    """Return a host's settings of this role. Raise TypeError where it has others."""
    settings = server.role_settings[ROLE_NAME]
    if not isinstance(settings, CacheServerSettings):
        raise TypeError(f"{server.name}: {ROLE_NAME} has settings of {type(settings).__name__}")
    return settings


def server_address(server: DeclaredHost) -> str:
    """Return where clients reach a cache, without brackets and port."""
    declared = server_settings(server).address
    return declared or server.settings.ssh_hostname or server.name
