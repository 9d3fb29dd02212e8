"""Ask one name server a question; runs on the host.

Sent to the host as source and run by its own python3 (standard library only):
``python3 -c SOURCE SERVER NAME``; the name "." asks for the root's name servers. Prints one JSON
object. Source: RFC 1035, section 4.
"""

from __future__ import annotations

import json
import os
import select
import socket
import struct
import sys
import time

PORT = 53
TRIES, SECONDS = 3, 2.0
TYPES = {"A": 1, "NS": 2, "AAAA": 28}
HEADER_BYTES = 12
#: Flags: this is a query, recursion desired.
RECURSION_DESIRED = 0x0100
IS_ANSWER = 0x8000


def question(identity: int, name: str, kind: str) -> bytes:
    """Return the packet that asks for a name's records. Raise UnicodeError for no host name."""
    labels = [label.encode("idna") for label in name.strip(".").split(".") if label]
    encoded = b"".join(bytes([len(label)]) + label for label in labels) + b"\0"
    head = struct.pack("!HHHHHH", identity, RECURSION_DESIRED, 1, 0, 0, 0)
    return head + encoded + struct.pack("!HH", TYPES[kind], 1)


def read_answer(asked: bytes, packet: bytes) -> tuple[int, int] | None:
    """Return response code and number of records; None for anything but this question's answer."""
    if len(packet) < HEADER_BYTES:
        return None
    identity, flags, _, records, _, _ = struct.unpack("!HHHHHH", packet[:HEADER_BYTES])
    if identity != struct.unpack("!H", asked[:2])[0] or not flags & IS_ANSWER:
        return None
    # Servers repeat the question; an error may come without it (RFC 1035, section 4.1.1).
    repeated = packet[HEADER_BYTES : len(asked)].lower()
    if repeated and repeated != asked[HEADER_BYTES:].lower():
        return None
    return flags & 0xF, records


def ask(server: str, name: str, kind: str) -> dict[str, object]:
    """Return {"code", "records"} of the server's answer, or {"silence": why there was none}."""
    address = socket.getaddrinfo(server, PORT, type=socket.SOCK_DGRAM, flags=socket.AI_NUMERICHOST)
    family, _, _, _, place = address[0]
    silence = f"no answer within {TRIES * SECONDS:.0f} s"
    with socket.socket(family, socket.SOCK_DGRAM) as opened:
        for _ in range(TRIES):
            asked = question(int.from_bytes(os.urandom(2), "big"), name, kind)
            try:
                # Connected, so that an ICMP "port unreachable" is told to us (udp(7)).
                opened.connect(place)
                opened.send(asked)
                answer = _answer(opened, asked)
            except OSError as error:
                silence = str(error)
                continue
            if answer is not None:
                return {"code": answer[0], "records": answer[1]}
    return {"silence": silence}


def _answer(opened: socket.socket, asked: bytes) -> tuple[int, int] | None:
    end = time.monotonic() + SECONDS
    while (left := end - time.monotonic()) > 0:
        readable, _, _ = select.select([opened], [], [], left)
        if readable and (found := read_answer(asked, opened.recv(1 << 16))) is not None:
            return found
    return None


def ask_all(server: str, name: str) -> dict[str, object]:
    """Ask for IPv4 addresses, then for IPv6 ones where there are none: a name may have either."""
    if name == ".":
        return ask(server, name, "NS")
    first = ask(server, name, "A")
    return ask(server, name, "AAAA") if first.get("records") == 0 else first


def main(arguments: list[str]) -> int:
    """Print what the server said."""
    server, name = arguments
    sys.stdout.write(json.dumps(ask_all(server, name)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
