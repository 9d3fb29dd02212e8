"""SIMULATED: a switch between a virtual machine's network cards and this machine's kernel.

    python -m tests.sim.vm.switch VLAN=TAP ... -- FROM:TO ...

Each VLAN=TAP is an access port: a TAP device in the network namespace that this runs in, where
frames have no tag; VLAN 0 is the native one, untagged on the cards too. Each FROM:TO is a card, as
a pair of UDP ports on the loopback (QEMU's -netdev socket): we listen on FROM, the card on TO. The
cards' ports are trunks of all VLANs. A VLAN that no TAP has leads nowhere, as on a real switch.
"""

from __future__ import annotations

import fcntl
import os
import selectors
import socket
import struct
import sys
from dataclasses import dataclass

_TUNSETIFF, _IFF_TAP, _IFF_NO_PI = 0x400454CA, 0x0002, 0x1000
_LARGEST_FRAME = 65535
#: Two MAC addresses of 6 bytes, then the tag: type 0x8100, and 12 bits of VLAN (IEEE 802.1Q).
_TAG_AT, _TAG_BYTES, _TAG_TYPE, _VLAN_BITS = 12, 4, b"\x81\x00", 0x0FFF
_LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Card:
    """A card of the machine: what it sends comes to ``socket``, what it gets goes to ``port``."""

    socket: socket.socket
    port: int

    def send(self, frame: bytes) -> None:
        """Give the card a frame."""
        self.socket.sendto(frame, (_LOOPBACK, self.port))


def vlan_of(frame: bytes) -> int:
    """Return a frame's VLAN, 0 where it has no tag."""
    if frame[_TAG_AT : _TAG_AT + 2] != _TAG_TYPE:
        return 0
    return int.from_bytes(frame[_TAG_AT + 2 : _TAG_AT + 4], "big") & _VLAN_BITS


def tagged(frame: bytes, vlan: int) -> bytes:
    """Return an untagged frame with the tag of a VLAN, as it is for the native one."""
    if vlan == 0:
        return frame
    return frame[:_TAG_AT] + _TAG_TYPE + vlan.to_bytes(2, "big") + frame[_TAG_AT:]


def untagged(frame: bytes) -> bytes:
    """Return a frame without its tag."""
    if vlan_of(frame) == 0:
        return frame
    return frame[:_TAG_AT] + frame[_TAG_AT + _TAG_BYTES :]


def run(taps: dict[int, int], cards: tuple[Card, ...]) -> None:
    """Pass frames on until the process is ended. ``taps`` are file descriptors by VLAN."""
    selector = selectors.DefaultSelector()
    for vlan, tap in taps.items():
        selector.register(tap, selectors.EVENT_READ, vlan)
    for card in cards:
        selector.register(card.socket, selectors.EVENT_READ, card)
    while True:
        for key, _ in selector.select():
            if isinstance(key.data, Card):
                _from_card(key.data.socket.recv(_LARGEST_FRAME), taps)
                continue
            frame = tagged(os.read(key.fd, _LARGEST_FRAME), key.data)
            for card in cards:
                card.send(frame)


def _from_card(frame: bytes, taps: dict[int, int]) -> None:
    tap = taps.get(vlan_of(frame))
    if tap is not None:
        os.write(tap, untagged(frame))


def open_tap(name: str) -> int:
    """Make a TAP device in this network namespace; return its file descriptor."""
    tap = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(tap, _TUNSETIFF, struct.pack("16sH", name.encode(), _IFF_TAP | _IFF_NO_PI))
    return tap


def open_card(pair: str) -> Card:
    """Listen for a card's frames."""
    ours, theirs = (int(port) for port in pair.split(":"))
    listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listener.bind((_LOOPBACK, ours))
    return Card(listener, theirs)


def main(arguments: list[str]) -> None:
    """Open everything, say so, and pass frames on."""
    split = arguments.index("--")
    named = (port.split("=") for port in arguments[:split])
    taps = {int(vlan): open_tap(name) for vlan, name in named}
    cards = tuple(open_card(pair) for pair in arguments[split + 1 :])
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    run(taps, cards)


if __name__ == "__main__":
    main(sys.argv[1:])
