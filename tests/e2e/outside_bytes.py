"""Count bytes of TCP that come to this machine from a server's ports, until SIGTERM (tests only).

``outside_bytes.py ADDRESS PORT...``; packets are read off the wire, below everything that could
be wrong about them, and the number is written to ``/run/outside-bytes``.
"""

import os
import signal
import socket
import sys
from pathlib import Path

_ETH_P_IP, _BUFFER_BYTES = 0x0800, 64 << 20
#: socket(7), SO_RCVBUFFORCE; Python's socket module has no name for it.
_SO_RCVBUFFORCE = 33


def main() -> None:
    """Count until SIGTERM."""
    server, ports = socket.inet_aton(sys.argv[1]), {int(word) for word in sys.argv[2:]}
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_ETH_P_IP))
    wire.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER_BYTES)
    counted = 0

    def end(*_: object) -> None:
        Path("/run/outside-bytes").write_text(str(counted), encoding="ascii")
        sys.exit(0)

    signal.signal(signal.SIGTERM, end)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ready:
        ready.sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])
    while True:
        packet = wire.recv(1 << 16)
        header = (packet[0] & 15) * 4
        source_port = int.from_bytes(packet[header : header + 2], "big")
        if packet[12:16] == server and source_port in ports:
            counted += len(packet)


main()
