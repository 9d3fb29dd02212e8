"""The lines of a program's output, while it runs; never longer than the program that was started.

What it started in turn may hang in the kernel, on a file system whose server is gone (sshfs), where
not even SIGKILL ends it; the pipe stays open then.
"""

from __future__ import annotations

import os
import selectors
from collections.abc import Callable, Iterator
from typing import IO

_ASK_SECONDS = 1.0
_CHUNK_BYTES = 64 * 1024


def lines_of(pipe: IO[bytes] | None, has_ended: Callable[[], bool]) -> Iterator[str]:
    """Give each line without its end, until the pipe is closed, or is silent after the end."""
    rest = b""
    for chunk in _chunks(pipe, has_ended) if pipe is not None else ():
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield line.decode("utf-8", "replace")
    if rest:
        yield rest.decode("utf-8", "replace")


def _chunks(pipe: IO[bytes], has_ended: Callable[[], bool]) -> Iterator[bytes]:
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while True:
            if selector.select(_ASK_SECONDS):
                chunk = os.read(pipe.fileno(), _CHUNK_BYTES)
                if not chunk:
                    return
                yield chunk
            elif has_ended():
                return
