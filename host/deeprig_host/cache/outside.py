"""Connect to an upstream: directly, or through the site's proxy (RFC 9110, 9.3.6; RFC 9112, 3.2).

The web server of the cache knows no proxies, and looks names up only when it starts. So it speaks
to a socket for each upstream, and what is behind it is done here. With https the upstream's TLS
passes through: the web server verifies the certificate, nobody here reads or changes anything.
"""

from __future__ import annotations

import asyncio

from deeprig_host.cache.declared import SiteProxy, Upstream

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]

CONNECT_SECONDS = 10.0
_HEAD_END = b"\r\n\r\n"


async def open_upstream(upstream: Upstream) -> Streams:
    """Return a connection on which the upstream answers. Raise OSError."""
    try:
        return await asyncio.wait_for(_open(upstream), CONNECT_SECONDS)
    except asyncio.TimeoutError as error:
        reason = f"{upstream.authority} does not answer within {CONNECT_SECONDS:.0f} s"
        raise OSError(reason) from error


async def _open(upstream: Upstream) -> Streams:
    proxy = upstream.proxy
    if proxy is None:
        return await asyncio.open_connection(upstream.host, upstream.port)
    streams = await asyncio.open_connection(proxy.host, proxy.port)
    if upstream.is_tls:
        try:
            await _tunnel(streams, upstream, proxy)
        except BaseException:
            streams[1].close()
            raise
    return streams


async def _tunnel(streams: Streams, upstream: Upstream, proxy: SiteProxy) -> None:
    reader, writer = streams
    lines = (
        f"CONNECT {upstream.authority} HTTP/1.1",
        f"Host: {upstream.authority}",
        *proxy.authorization,
    )
    writer.write("\r\n".join((*lines, "", "")).encode("latin-1"))
    try:
        head = await reader.readuntil(_HEAD_END)
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
        raise OSError(f"the proxy {proxy.host} did not answer") from error
    answer = head.split(b"\r\n", 1)[0].decode("latin-1")
    if answer.split(" ")[1:2] != ["200"]:
        raise OSError(f"the proxy {proxy.host} answers {answer!r}")


def head_for_proxy(head: bytes, upstream: Upstream) -> bytes:
    """Return a request's head as a proxy wants it: the whole URL, and what logs in to it.

    ``head`` is all up to its empty line, and ends the connection with its answer (the web server
    sends ``Connection: close``). Raise ValueError where it is none.
    """
    if upstream.proxy is None:
        return head
    first, _, rest = head.decode("latin-1").partition("\r\n")
    words = first.split(" ")
    if len(words) != 3 or not words[1].startswith("/"):
        raise ValueError(f"{first!r} is no request for a path")
    authority = upstream.authority.removesuffix(":80")
    line = f"{words[0]} http://{authority}{words[1]} {words[2]}"
    return "\r\n".join((line, *upstream.proxy.authorization, rest)).encode("latin-1")
