"""The name server of the fault suite: every name has one address (RFC 1035, A records only).

    python -m tests.e2e.faults.names READY ADDRESS ANSWER

It writes the file READY once it listens.
"""

from __future__ import annotations

import socket
import struct
import sys
from pathlib import Path

_TYPE_A, _CLASS_IN, _SECONDS = 1, 1, 1
_ANSWERED, _POINTER_TO_QUESTION = 0x8180, 0xC00C
_HEADER = struct.Struct("!6H")


def answer(query: bytes, address: str) -> bytes:
    """Return the answer to a query with one question; other types than A have no record."""
    number = _HEADER.unpack_from(query)[0]
    end = _HEADER.size
    while query[end]:
        end += query[end] + 1
    question = query[_HEADER.size : end + 5]
    wanted = struct.unpack_from("!H", question, len(question) - 4)[0]
    record = b""
    if wanted == _TYPE_A:
        head = struct.pack("!3HIH", _POINTER_TO_QUESTION, _TYPE_A, _CLASS_IN, _SECONDS, 4)
        record = head + socket.inet_aton(address)
    counts = (1, 1 if record else 0, 0, 0)
    return _HEADER.pack(number, _ANSWERED, *counts) + question + record


def main() -> None:
    """Answer until the process is ended."""
    ready, listening, address = sys.argv[1:]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind((listening, 53))
        Path(ready).touch()
        while True:
            query, client = server.recvfrom(512)
            server.sendto(answer(query, address), client)


if __name__ == "__main__":
    main()
