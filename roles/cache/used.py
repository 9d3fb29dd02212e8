"""A cache as one of its clients sees it: what is asked for where, and what may not go that way.

Over plain http nothing says that an index page or a channel's list is the real one. So without
TLS only this goes through the cache: what apt verifies by signatures, what a lock verifies by
SHA-256, and what came over plain http before.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from deeprig.inventory.model import DeclaredHost
from deeprig.role import NetworkAccess, RoleSettings
from roles.cache.settings import CacheSettings
from roles.cache_server.places import ALIVE
from roles.cache_server.reaching import server_address, server_settings
from roles.cache_server.settings import CacheServerSettings
from roles.cache_server.upstream import UpstreamSettings

#: 'all': whatever a command wants. 'verified': only commands whose every file has a SHA-256.
What = Literal["all", "verified"]


@dataclass(frozen=True, slots=True)
class Detour:
    """An address outside, and where the cache has the same."""

    source: str
    target: str
    what: What


@dataclass(frozen=True, slots=True)
class UsedCache:
    """The cache at ``address`` (no brackets), for a client that has ``network``.

    ``channel_alias`` is what conda's configuration on the client names, or None.
    """

    address: str
    settings: CacheServerSettings
    network: NetworkAccess
    patience_seconds: int = 2
    channel_alias: str | None = None

    @property
    def host(self) -> str:
        """Return the address as it stands in a URL."""
        return f"[{self.address}]" if ":" in self.address else self.address

    @property
    def proxy(self) -> str:
        """Return what apt is told."""
        return f"http://{self.host}:{self.settings.port}"

    @property
    def files_url(self) -> str:
        """Return what stands before an upstream's name for all but apt."""
        if self.settings.tls is None:
            return self.proxy
        return f"https://{self.host}:{self.settings.tls_port}"

    @property
    def detours(self) -> tuple[Detour, ...]:
        """Return what commands are told instead of addresses outside."""
        return tuple(
            Detour(one.url, f"{self.files_url}/{name}", self._what(one))
            for name, one in self.settings.upstreams.items()
            if one.kind != "apt"
        )

    @property
    def index_url(self) -> str | None:
        """Return where pip looks when no index is declared, or None: as without the cache."""
        return next(self._defaults("pip"), None)

    @property
    def alias(self) -> str | None:
        """Return conda's ``channel_alias``, or None: as without the cache."""
        declared = self.channel_alias
        if declared is None:
            return next(self._defaults("conda"), None)
        declared = declared.rstrip("/")
        for detour in self.detours:
            if detour.what == "all" and f"{declared}/".startswith(f"{detour.source}/"):
                return detour.target + declared[len(detour.source) :]
        return None

    def _defaults(self, kind: str) -> Iterator[str]:
        for name, one in self.settings.upstreams.items():
            if one.kind == kind and one.is_default and self._what(one) == "all":
                yield f"{self.files_url}/{name}"

    def _what(self, one: UpstreamSettings) -> What:
        return "verified" if one.is_tls and self.settings.tls is None else "all"


def resolved(
    settings: CacheSettings,
    server: DeclaredHost,
    settings_of: Mapping[str, RoleSettings],
    network: NetworkAccess,
) -> UsedCache:
    """Return the cache on a host, as one sees it that has these settings of its roles."""
    return UsedCache(
        server_address(server),
        server_settings(server),
        network,
        settings.patience_seconds,
        getattr(settings_of.get("conda"), "channel_alias", None),
    )


def told_to_programs(used: UsedCache) -> str:
    """Return ``client.sh``."""
    values = {
        "cache_host": used.address,
        "cache_port": str(used.settings.port),
        "cache_alive": ALIVE,
        "cache_proxy": used.proxy,
        "cache_files": used.files_url,
        "patience_seconds": str(used.patience_seconds),
        "apt_hosts": " ".join(sorted(used.settings.apt_hosts)),
        "index_url": used.index_url or "",
        # Source, target, and what may go this way; one a line.
        "detours": "\n".join(f"{d.source} {d.target} {d.what}" for d in used.detours),
    }
    lines = (f"{name}={shlex.quote(value)}" for name, value in values.items())
    head = "# Managed by deeprig (role cache): changes here are overwritten by the next apply."
    return "\n".join((head, *lines, ""))


def told_to_conda(used: UsedCache) -> str:
    """Return the ``condarc`` of commands that go through the cache.

    conda takes ``proxy_servers`` for every server, whatever ``no_proxy`` says; a server of its own
    in that list, with nothing behind it, is asked directly (requests, select_proxy).
    """
    lines = ["# Managed by deeprig (role cache): changes here are overwritten by the next apply."]
    if used.alias is not None:
        lines.append(f"channel_alias: {used.alias}")
    if used.network.http_proxy or used.network.https_proxy:
        lines += ["proxy_servers:", f'  "http://{used.host}": ""', f'  "https://{used.host}": ""']
    return "\n".join((*lines, ""))
