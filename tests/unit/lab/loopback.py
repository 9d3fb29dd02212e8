"""Small servers on the loopback for one test: real sockets, no mocks."""

import asyncio
import contextlib

from deeprig.lab.streams import close


@contextlib.asynccontextmanager
async def serving(handler):
    """Serve connections with ``handler(reader, writer)``; yield the port.

    In the end the handlers are waited for: one that never ends, or lets a socket lie open, fails.
    """
    handling = set()

    async def handle(reader, writer):
        handling.add(asyncio.current_task())
        await handler(reader, writer)

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
        await asyncio.wait_for(asyncio.gather(*handling), 20)


def answering(answer, seen):
    """Return a handler that notes the request (head and body) and answers with bytes."""

    async def handle(reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        length = [
            line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")
        ]
        body = await reader.readexactly(int(length[0].split(b":")[1])) if length else b""
        seen.append(head + body)
        writer.write(answer)
        await close(writer)

    return handle


async def exchange(port, *sent):
    """Send and read until the other side ends."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for part in sent:
        writer.write(part)
    received = await asyncio.wait_for(reader.read(), 20)
    await close(writer)
    return received
