"""What the way out is told: the upstreams, and the proxies between the cache and the outside."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

_NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")


class BadDeclaration(ValueError):
    """The file that the role cache_server places is not as it places it."""


@dataclass(frozen=True, slots=True)
class SiteProxy:
    """A proxy between the cache and the outside. ``credentials`` is user:password, or empty."""

    host: str
    port: int
    credentials: str = ""

    @property
    def authorization(self) -> tuple[str, ...]:
        """Return the header that logs in to the proxy, where it wants one."""
        if not self.credentials:
            return ()
        encoded = base64.b64encode(self.credentials.encode()).decode()
        return (f"Proxy-Authorization: Basic {encoded}",)


@dataclass(frozen=True, slots=True)
class Upstream:
    """A server outside: ``is_tls`` says that it is reached by https; ``proxy`` is on the way."""

    name: str
    host: str
    port: int
    is_tls: bool
    proxy: SiteProxy | None

    @property
    def authority(self) -> str:
        """Return ``host:port``, an IPv6 address in brackets."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def upstreams_of(text: str) -> tuple[Upstream, ...]:
    """Return the upstreams of a declaration. Raise BadDeclaration."""
    try:
        told = json.loads(text)
        return tuple(_upstream(told, name, url) for name, url in told["upstreams"].items())
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        if isinstance(error, BadDeclaration):
            raise
        raise BadDeclaration(f"the declaration cannot be read: {error!r}") from error


def _upstream(told: Any, name: str, url: str) -> Upstream:
    parts = urlsplit(url)
    if not _NAME.fullmatch(name) or parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadDeclaration(f"{name}: {url} is no upstream")
    is_tls = parts.scheme == "https"
    port = parts.port or (443 if is_tls else 80)
    proxy = None
    if not _is_near(parts.hostname, told["no_proxy"]):
        proxy = _proxy(told["https_proxy" if is_tls else "http_proxy"])
    return Upstream(name, parts.hostname, port, is_tls, proxy)


def _proxy(url: str | None) -> SiteProxy | None:
    if url is None:
        return None
    parts = urlsplit(url if "//" in url else f"//{url}")
    if not parts.hostname or parts.scheme not in ("", "http"):
        raise BadDeclaration("the proxy is none that is asked over http")
    user = f"{unquote(parts.username)}:{unquote(parts.password or '')}" if parts.username else ""
    return SiteProxy(parts.hostname, parts.port or 80, user)


def _is_near(host: str, no_proxy: list[str]) -> bool:
    """Say whether a host is reached without the proxy, as curl(1) takes ``no_proxy``."""
    names = [name.strip().lstrip("*").lstrip(".").lower() for name in no_proxy]
    return any(name and (host == name or host.endswith(f".{name}")) for name in names)
