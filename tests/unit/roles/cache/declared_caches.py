"""Caches as they are declared; the servers are nobody's (RFC 2606)."""

from deeprig.role import NetworkAccess
from roles.cache.used import UsedCache
from roles.cache_server.settings import CacheServerSettings

DEBIAN = "http://archive.example/debian"
INDEX = "https://index.example/simple"
FILES = "https://files.example"
CHANNELS = "https://channels.example"
UPSTREAMS = {
    "debian": {"url": DEBIAN, "kind": "apt"},
    "security": {"url": "http://archive.example/debian-security", "kind": "apt"},
    "nvidia": {"url": "https://nvidia.example/compute", "kind": "apt"},
    "index": {"url": INDEX, "kind": "pip", "is_default": True},
    "wheels": {"url": FILES, "kind": "files"},
    "channels": {"url": CHANNELS, "kind": "conda", "is_default": True},
    "lab": {"url": "http://lab.example:8000/dist", "kind": "conda"},
}
FULL = {"upstreams": UPSTREAMS, "clients": ["192.0.2.0/24"]}


def settings(**data):
    """Return settings of a cache; a certificate for it is not read from anywhere."""
    return CacheServerSettings.model_validate(FULL | data)


def with_tls(found):
    """Return settings as if a certificate were declared; nothing of it is looked at."""
    return found.model_copy(update={"tls": "declared"})


def used(found=None, **more):
    """Return a cache as a client sees it."""
    return UsedCache("192.0.2.5", found or settings(), NetworkAccess(), **more)
