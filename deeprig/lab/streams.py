"""Pass bytes between two connections, and end both as their peers expect."""

from __future__ import annotations

import asyncio
import contextlib

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]

_CHUNK_BYTES = 1 << 18
#: How long a client may take to read the end of an answer before its connection is cut.
_LINGER_SECONDS = 10.0


async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copy until either side ends; then the receiver sees the end too.

    A peer that resets its connection ends the copy as one that closes it does.
    """
    with contextlib.suppress(OSError):
        while data := await reader.read(_CHUNK_BYTES):
            writer.write(data)
            await writer.drain()
    end_writing(writer)


async def copy_exactly(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, count: int
) -> None:
    """Copy ``count`` bytes, or fewer when the sender ends or the receiver does not want more."""
    with contextlib.suppress(OSError):
        while count and (data := await reader.read(min(count, _CHUNK_BYTES))):
            writer.write(data)
            await writer.drain()
            count -= len(data)


async def join(one: Streams, other: Streams) -> None:
    """Copy in both directions until both ended."""
    await asyncio.gather(copy(one[0], other[1]), copy(other[0], one[1]))
    await close(one[1])
    await close(other[1])


async def close_after_answer(client: Streams) -> None:
    """Close a connection so that the client can read all that was sent to it.

    Closing while the client's next (pipelined) request lies unread would reset the connection, and
    the client would lose the end of the answer (RFC 9112, section 9.6).
    """
    reader, writer = client
    end_writing(writer)
    with contextlib.suppress(OSError, asyncio.TimeoutError):
        await asyncio.wait_for(_discard(reader), _LINGER_SECONDS)
    await close(writer)


async def close(writer: asyncio.StreamWriter) -> None:
    """Close a connection and wait until it is closed, also when the peer was first."""
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


def end_writing(writer: asyncio.StreamWriter) -> None:
    """Tell the peer that nothing more comes, unless the connection is gone already."""
    with contextlib.suppress(OSError, RuntimeError):
        if writer.can_write_eof() and not writer.is_closing():
            writer.write_eof()


async def _discard(reader: asyncio.StreamReader) -> None:
    while await reader.read(_CHUNK_BYTES):
        pass
