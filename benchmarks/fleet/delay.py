"""A link of a given delay between two network namespaces, packet by packet, that counts packets.

    python -m benchmarks.fleet.delay NEAR FAR MILLISECONDS LOG

netem is not in every kernel. Each namespace gets a TUN device; what is sent into one comes out of
the other after half of the round trip, in order, nothing lost. Prints ``ready`` once the link is
up and runs until it is ended. For each TCP segment that carries data it writes a line to LOG: time
of its being sent (seconds since 1970), ``>`` towards NEAR or ``<``, the port on FAR's side, bytes.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import select
import struct
import sys
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from deeprig.lab.commands import run

DEVICE = "bench0"
NEAR_ADDRESS, FAR_ADDRESS = "10.214.0.1", "10.214.0.2"
_CLONE_NEWNET = 0x40000000
#: linux/if_tun.h: a device of IP packets, without a header of its own before each.
_TUNSETIFF, _IFF_TUN, _IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
_MOST_BYTES = 65536
_TCP = 6


@dataclass(frozen=True, slots=True)
class Segment:
    """A TCP segment that carries data, as it was sent into the link."""

    seconds: float
    is_towards_host: bool
    port: int
    payload_bytes: int

    @property
    def line(self) -> str:
        """Return the log's line."""
        sign = ">" if self.is_towards_host else "<"
        return f"{self.seconds:.6f} {sign} {self.port} {self.payload_bytes}\n"

    @classmethod
    def of_line(cls, line: str) -> Segment:
        """Return the segment of a log's line. Raise ValueError where it is none."""
        seconds, sign, port, payload = line.split()
        return cls(float(seconds), sign == ">", int(port), int(payload))


def segment_of(packet: bytes, seconds: float, *, is_towards_host: bool) -> Segment | None:
    """Return what an IPv4 packet (RFC 791) carries of TCP (RFC 9293); None where it is no data."""
    if not packet or packet[0] >> 4 != 4 or packet[9] != _TCP:
        return None
    header_bytes = (packet[0] & 0xF) * 4
    total_bytes = int.from_bytes(packet[2:4], "big")
    source, target = struct.unpack_from("!HH", packet, header_bytes)
    payload = total_bytes - header_bytes - (packet[header_bytes + 12] >> 4) * 4
    if payload <= 0:
        return None
    return Segment(seconds, is_towards_host, source if is_towards_host else target, payload)


@dataclass(slots=True)
class _Side:
    """One end: packets read from ``device`` wait in ``waiting`` until they are due."""

    device: int
    is_towards_host: bool
    waiting: deque[tuple[float, bytes]] = field(default_factory=deque)


def open_device(namespace: str) -> int:
    """Make the TUN device inside a network namespace and return its descriptor."""
    made: list[int | OSError] = []

    def enter_and_open() -> None:  # a namespace is entered per thread (setns(2))
        try:
            made.append(_open_in(namespace))
        except OSError as error:
            made.append(error)

    thread = threading.Thread(target=enter_and_open)
    thread.start()
    thread.join()
    if isinstance(made[0], OSError):
        raise made[0]
    return made[0]


def _open_in(namespace: str) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    with Path("/run/netns", namespace).open("rb") as file:
        if libc.setns(file.fileno(), _CLONE_NEWNET) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    asked = struct.pack("16sH22x", DEVICE.encode(), _IFF_TUN | _IFF_NO_PI)
    fcntl.ioctl(device, _TUNSETIFF, asked)
    return device


def _set_up(namespace: str, own: str, other: str) -> None:
    inside = ("ip", "-n", namespace)
    address = (*inside, "addr", "add", own, "peer", other, "dev", DEVICE)
    run(address, what="addressing the link")
    run((*inside, "link", "set", DEVICE, "up"), what="starting the link")


def carry(near: int, far: int, one_way_seconds: float, log: TextIO) -> None:
    """Pass packets on, each after its delay, for as long as the process lives."""
    to_host, to_controller = _Side(far, True), _Side(near, False)
    ways = ((to_host, near), (to_controller, far))
    while True:
        due = [side.waiting[0][0] for side, _ in ways if side.waiting]
        timeout = max(0.0, min(due) - time.monotonic()) if due else None
        for device in select.select([near, far], [], [], timeout)[0]:
            _take(to_host if device == far else to_controller, one_way_seconds, log)
        now = time.monotonic()
        for side, out in ways:
            while side.waiting and side.waiting[0][0] <= now:
                os.write(out, side.waiting.popleft()[1])


def _take(side: _Side, one_way_seconds: float, log: TextIO) -> None:
    packet = os.read(side.device, _MOST_BYTES)
    side.waiting.append((time.monotonic() + one_way_seconds, packet))
    segment = segment_of(packet, time.time(), is_towards_host=side.is_towards_host)
    if segment is not None:
        log.write(segment.line)


def main() -> None:
    """Make the link and carry."""
    near_name, far_name, milliseconds, path = sys.argv[1:]
    near, far = open_device(near_name), open_device(far_name)
    _set_up(near_name, NEAR_ADDRESS, FAR_ADDRESS)
    _set_up(far_name, FAR_ADDRESS, NEAR_ADDRESS)
    with Path(path).open("a", buffering=1, encoding="ascii") as log:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        carry(near, far, float(milliseconds) / 2000, log)


if __name__ == "__main__":
    main()
