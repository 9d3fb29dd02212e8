"""The lab's HTTP proxy: tunnels and plain requests to allowed hosts, an answer why for others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from deeprig.lab.proxy_request import ProxyRequest, parse_head
from deeprig.lab.streams import Streams, close, close_after_answer, copy, copy_exactly, join
from deeprig.lab.upstream import open_request, open_tunnel

_PROBLEMS = (OSError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError)


class Proxy:
    """Answers one request a connection. ``allowed`` may grow while it runs."""

    def __init__(self, allowed: set[str], log: Callable[[str], None]) -> None:
        self.allowed = allowed
        self.log = log

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer a client, whatever it asks, and close the connection."""
        client = (reader, writer)
        try:
            request = parse_head(await reader.readuntil(b"\r\n\r\n"))
            body_bytes = request.body_bytes
        except (ValueError, asyncio.LimitOverrunError) as error:
            await self._refuse(client, "400 Bad Request", str(error))
            return
        except (OSError, asyncio.IncompleteReadError):  # it left without asking
            await close(writer)
            return
        if request.host not in self.allowed:
            why = f"{request.host} is not on this lab's list of allowed hosts"
            remedy = f"(lab up --allow-host {request.host})"
            await self._refuse(client, "403 Forbidden", f"{why} {remedy}")
            return
        await self._pass_on(request, body_bytes, client)

    async def _pass_on(self, request: ProxyRequest, body_bytes: int, client: Streams) -> None:
        self.log(f"proxy {request.method} {request.host}:{request.port}")
        try:
            if request.is_tunnel:
                server = await open_tunnel(request.host, request.port)
            else:
                server = await open_request(request)
        except _PROBLEMS as error:
            why = f"{request.host}:{request.port} cannot be reached: {error}"
            await self._refuse(client, "502 Bad Gateway", why)
            return
        if request.is_tunnel:
            client[1].write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await join(client, server)
            return
        # The answer may come before the body has been sent, and end the exchange.
        sending = asyncio.create_task(copy_exactly(client[0], server[1], body_bytes))
        await copy(server[0], client[1])
        sending.cancel()
        await close(server[1])
        await close_after_answer(client)

    async def _refuse(self, client: Streams, status: str, reason: str) -> None:
        self.log(f"proxy {status}: {reason}")
        body = f"deeprig lab: {reason}\n".encode()
        head = f"HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\n"
        client[1].write(f"{head}Connection: close\r\n\r\n".encode() + body)
        await close_after_answer(client)
