"""Ask the wire who else has an IPv4 address of this host; runs on the host.

Sent to the host as source and run by its own python3 (standard library only, needs root):
``python3 -c SOURCE INTERFACE ADDRESS``. Prints one JSON object. The question is the ARP probe of
RFC 5227, section 2.1.1: it says no sender's address, and so changes nobody's tables.
"""

from __future__ import annotations

import json
import select
import socket
import struct
import sys
import time
from pathlib import Path

PROBES, SECONDS_BETWEEN = 3, 0.5
ETHERTYPE_ARP = 0x0806
BROADCAST, NOBODY = b"\xff" * 6, b"\0" * 6
ARP = struct.Struct("!HHBBH6s4s6s4s")
ETHERNET_BYTES = 14
#: Ethernet carrying IPv4, addresses of 6 and 4 bytes (RFC 826); a request.
ARP_HEAD = (1, 0x0800, 6, 4)
REQUEST = 1


def question(own_mac: bytes, address: bytes) -> bytes:
    """Return the frame that asks who has the address."""
    arp = ARP.pack(*ARP_HEAD, REQUEST, own_mac, b"\0\0\0\0", NOBODY, address)
    return BROADCAST + own_mac + struct.pack("!H", ETHERTYPE_ARP) + arp


def claimant(frame: bytes, address: bytes) -> str | None:
    """Return the MAC address that says to have the address, None for any other frame."""
    if len(frame) < ETHERNET_BYTES + ARP.size:
        return None
    told = ARP.unpack_from(frame, ETHERNET_BYTES)
    mac, sender = told[5], told[6]
    return mac.hex(":") if told[:4] == ARP_HEAD and sender == address else None


def own_macs() -> set[str]:
    """Return the MAC addresses of this host: Linux answers on one interface for another's."""
    files = Path("/sys/class/net").glob("*/address")
    return {file.read_text(encoding="ascii").strip() for file in files}


def others(interface: str, address: str) -> list[str]:
    """Return the MAC addresses of other machines that answer for the address."""
    wanted, found = socket.inet_aton(address), set()
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETHERTYPE_ARP)) as wire:
        wire.bind((interface, ETHERTYPE_ARP))
        mac: bytes = wire.getsockname()[4]
        for _ in range(PROBES):
            wire.send(question(mac, wanted))
            end = time.monotonic() + SECONDS_BETWEEN
            while (left := end - time.monotonic()) > 0:
                if select.select([wire], [], [], left)[0]:
                    found.add(claimant(wire.recv(2048), wanted))
    return sorted(claim for claim in found if claim is not None and claim not in own_macs())


def main(arguments: list[str]) -> int:
    """Print {"others": [...]}, or {"error": …} where nothing could be asked."""
    interface, address = arguments
    try:
        found: dict[str, object] = {"others": others(interface, address)}
    except OSError as error:
        found = {"error": str(error)}
    sys.stdout.write(json.dumps(found) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
