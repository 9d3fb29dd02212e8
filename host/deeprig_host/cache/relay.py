"""Relay between the cache's web server and its upstreams: one Unix socket for each."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from deeprig_host.cache.declared import Upstream
from deeprig_host.cache.outside import Streams, head_for_proxy, open_upstream

_CHUNK_BYTES = 1 << 17
_HEAD_SECONDS = 30.0
#: No upstream has this name (it has a dot); whoever asks learns that there is a way out.
ALIVE_SOCKET = "is.alive"
_ALIVE = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"
#: What a connection can end with that is no fault of ours.
_PROBLEMS = (
    OSError,
    ValueError,
    asyncio.IncompleteReadError,
    asyncio.LimitOverrunError,
    asyncio.TimeoutError,
)

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def relay(upstreams: Sequence[Upstream], directory: Path) -> None:
    """Serve ``NAME.sock`` in a directory for each upstream, until SIGTERM. Raise OSError."""
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    servers = []
    try:
        for upstream in upstreams:
            socket = directory / f"{upstream.name}.sock"
            servers.append(await _listen(socket, answering(upstream)))
        servers.append(await _listen(directory / ALIVE_SOCKET, say_alive))
        await ended.wait()
    finally:
        for server in servers:
            server.close()


async def _listen(socket: Path, answer: Answer) -> asyncio.AbstractServer:
    socket.unlink(missing_ok=True)
    server = await asyncio.start_unix_server(answer, str(socket))
    socket.chmod(0o600)
    return server


async def say_alive(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer any request: this runs."""
    try:
        await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), _HEAD_SECONDS)
        writer.write(_ALIVE)
        await writer.drain()
    except _PROBLEMS as error:
        log(f"alive: {error}")
    await _close(writer)


def answering(upstream: Upstream) -> Answer:
    """Return what answers a connection for an upstream."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            first = await _first(reader, upstream)
            outside = await open_upstream(upstream)
        except _PROBLEMS as error:
            # The web server sees a connection that ends, and tells its client that it failed.
            log(f"{upstream.name}: {error}")
            await _close(writer)
            return
        outside[1].write(first)
        await _join((reader, writer), outside)

    return answer


async def _first(reader: asyncio.StreamReader, upstream: Upstream) -> bytes:
    """Return what goes out first: a request for a proxy has another head."""
    if upstream.is_tls or upstream.proxy is None:
        return b""
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), _HEAD_SECONDS)
    return head_for_proxy(head, upstream)


async def _join(inside: Streams, outside: Streams) -> None:
    """Carry both ways until the upstream, or the web server, has no more to say."""
    up = asyncio.create_task(_carry(inside[0], outside[1]))
    down = asyncio.create_task(_carry(outside[0], inside[1]))
    _, waiting = await asyncio.wait((up, down), return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()
    await asyncio.gather(up, down, return_exceptions=True)
    await _close(inside[1])
    await _close(outside[1])


async def _carry(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    try:
        while chunk := await source.read(_CHUNK_BYTES):
            target.write(chunk)
            await target.drain()
    except OSError:
        return  # one of them left: the other is told by the end of its connection


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    try:
        await writer.wait_closed()
    except OSError:
        return  # it was gone already


def log(text: str) -> None:
    """Write a line for the journal."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
