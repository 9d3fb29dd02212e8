"""The controller's own way out: direct, or through the proxy its environment names."""

from __future__ import annotations

import asyncio
import base64
import urllib.request
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from deeprig.lab.proxy_request import ProxyRequest
from deeprig.lab.streams import Streams, close


@dataclass(frozen=True, slots=True)
class Upstream:
    """A proxy between the controller and the world. ``credentials`` is user:password or empty."""

    host: str
    port: int
    credentials: str = ""

    @property
    def authorization(self) -> tuple[str, ...]:
        """Return the header that logs in to the proxy, if it wants one."""
        if not self.credentials:
            return ()
        encoded = base64.b64encode(self.credentials.encode()).decode()
        return (f"Proxy-Authorization: Basic {encoded}",)


def upstream_for(scheme: str, host: str) -> Upstream | None:
    """Return the proxy that ``http_proxy``, ``https_proxy`` and ``no_proxy`` name for a host."""
    named = urllib.request.getproxies().get(scheme)
    if not named or urllib.request.proxy_bypass(host):
        return None
    url = urlsplit(named if "//" in named else f"//{named}")
    if not url.hostname:
        return None
    user = f"{unquote(url.username)}:{unquote(url.password or '')}" if url.username else ""
    return Upstream(url.hostname, url.port or 80, user)


async def open_tunnel(host: str, port: int) -> Streams:
    """Connect to a server, through the controller's proxy if it has one. Raise OSError."""
    proxy = upstream_for("https", host)
    if proxy is None:
        return await asyncio.open_connection(host, port)
    reader, writer = await asyncio.open_connection(proxy.host, proxy.port)
    lines = (f"CONNECT {host}:{port} HTTP/1.1", f"Host: {host}:{port}", *proxy.authorization)
    writer.write("\r\n".join((*lines, "", "")).encode("latin-1"))
    answer = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n", 1)[0].decode("latin-1")
    if answer.split(" ")[1:2] != ["200"]:
        await close(writer)
        raise OSError(f"the controller's proxy {proxy.host} answers {answer!r}")
    return reader, writer


async def open_request(request: ProxyRequest) -> Streams:
    """Send a plain request's head to its server or the controller's proxy. Raise OSError."""
    proxy = upstream_for("http", request.host)
    if proxy is None:
        reader, writer = await asyncio.open_connection(request.host, request.port)
        writer.write(request.head())
    else:
        reader, writer = await asyncio.open_connection(proxy.host, proxy.port)
        writer.write(request.head_for_proxy(proxy.authorization))
    return reader, writer
