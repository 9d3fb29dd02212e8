"""Find the largest packet that reaches an address in one piece; runs on the host.

Sent to the host as source and run by its own python3 (standard library only, needs root):
``python3 -c SOURCE INTERFACE TARGET BYTES``. Prints one JSON object. An echo request with "do not
fragment" is what `ping -M probe -s` sends; minimal images have no ping.
Sources: ip(7) IP_MTU_DISCOVER and IP_RECVERR, ipv6(7), RFC 792, RFC 4443, RFC 8899 (probing).
"""

from __future__ import annotations

import errno
import ipaddress
import json
import os
import select
import socket
import struct
import sys
import time

#: Of linux/in.h and linux/in6.h; the socket module of Python 3.10 has no names for them.
IP_MTU_DISCOVER, IP_RECVERR = 10, 11
IPV6_MTU_DISCOVER, IPV6_RECVERR, IPV6_DONTFRAG = 23, 25, 62
#: Do not fragment, and do not believe a path MTU learnt earlier either.
PMTUDISC_PROBE = 3
ICMP_HEADER_BYTES = 8
HEADER_BYTES = {4: 20 + ICMP_HEADER_BYTES, 6: 40 + ICMP_HEADER_BYTES}
REQUEST, REPLY = {4: 8, 6: 128}, {4: 0, 6: 129}
#: What sending says of a packet that got lost, with IP_RECVERR; all else is a fault of the host.
LOST = (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ECONNREFUSED, errno.ENOBUFS)
#: A packet that any network carries.
SMALL_BYTES = 84
#: The verdict waits long; the search after a failure only names how much would have fitted.
VERDICT_TRIES, VERDICT_SECONDS = 3, 1.0
SEARCH_TRIES, SEARCH_SECONDS = 2, 0.4


def checksum(data: bytes) -> int:
    """Return the Internet checksum (RFC 1071)."""
    padded = data + b"\0" * (len(data) % 2)
    total: int = sum(struct.unpack(f"!{len(padded) // 2}H", padded))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


class Path:
    """The way to one address through one interface. Sizes are of whole packets, in bytes."""

    def __init__(self, interface: str, target: str) -> None:
        """Open the socket. Raise OSError where the interface or a route is missing."""
        bare = target.partition("%")[0]
        self.family = ipaddress.ip_address(bare).version
        self.identity = os.getpid() & 0xFFFF
        self.sequence = 0
        self._is_too_large = False
        self.reported_bytes: int | None = None
        self.reported_by: str | None = None
        self.socket = self._opened(interface)
        index = socket.if_nametoindex(interface)
        self.socket.connect((bare, 0) if self.family == 4 else (bare, 0, 0, index))

    def _opened(self, interface: str) -> socket.socket:
        if self.family == 4:
            made = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
            made.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, PMTUDISC_PROBE)
            made.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)
        else:
            made = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
            made.setsockopt(socket.IPPROTO_IPV6, IPV6_MTU_DISCOVER, PMTUDISC_PROBE)
            made.setsockopt(socket.IPPROTO_IPV6, IPV6_DONTFRAG, 1)
            made.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVERR, 1)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode() + b"\0")
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        return made

    def carries(self, size: int, tries: int, seconds: float) -> bool:
        """Say whether a packet of that size came back."""
        for _ in range(tries):
            self.sequence += 1
            self._take_reports()  # a late one of a larger packet would be taken for this one's
            try:
                self.socket.send(self._request(size))
            except OSError as error:
                if error.errno == errno.EMSGSIZE:
                    return False
                if error.errno not in LOST:
                    raise
            if self._is_answered(seconds):
                return True
            if self._is_too_large:
                return False
        return False

    def _request(self, size: int) -> bytes:
        payload = b"\x5a" * (size - HEADER_BYTES[self.family])
        head = struct.pack("!BBHHH", REQUEST[self.family], 0, 0, self.identity, self.sequence)
        if self.family == 6:  # the kernel puts the checksum in (RFC 3542, section 3.1)
            return head + payload
        total = checksum(head + payload)
        return head[:2] + struct.pack("!H", total) + head[4:] + payload

    def _is_answered(self, seconds: float) -> bool:
        end = time.monotonic() + seconds
        waiting = select.poll()
        waiting.register(self.socket, select.POLLIN)
        while (left := end - time.monotonic()) > 0:
            for _, event in waiting.poll(left * 1000):
                if event & select.POLLERR:
                    self._take_reports()
                    if self._is_too_large:
                        return False
                if event & select.POLLIN and self._is_reply(self.socket.recv(1 << 17)):
                    return True
        return False

    def _is_reply(self, packet: bytes) -> bool:
        # A raw IPv4 socket gets the IP header too, an IPv6 one does not (raw(7), RFC 3542).
        icmp = packet[(packet[0] & 15) * 4 :] if self.family == 4 else packet
        if len(icmp) < ICMP_HEADER_BYTES:
            return False
        kind, _, _, identity, sequence = struct.unpack("!BBHHH", icmp[:ICMP_HEADER_BYTES])
        wanted = (REPLY[self.family], self.identity, self.sequence)
        return (kind, identity, sequence) == wanted

    def _take_reports(self) -> None:
        """Take every error that is waiting: sock_extended_err of linux/errqueue.h, and its sender.

        ``reported_by`` None is this host itself: its interface's MTU is smaller.
        """
        self._is_too_large = False
        while True:
            try:
                _, notes, _, _ = self.socket.recvmsg(64, 512, socket.MSG_ERRQUEUE)
            except BlockingIOError:  # no report is left
                break
            for _, _, data in notes:
                number, _, _, _, _, told = struct.unpack("=IBBBBI", data[:12])
                if number == errno.EMSGSIZE:
                    self._is_too_large = True
                    self.reported_bytes, self.reported_by = told, _offender(data[16:])
        # An error that stayed behind would be what the next send says.
        self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)

    def largest(self, known: int, too_large: int) -> int:
        """Return the largest size that comes back, between one that does and one that does not."""
        while too_large - known > 1:
            size = (known + too_large) // 2
            if self.carries(size, SEARCH_TRIES, SEARCH_SECONDS):
                known = size
            else:
                too_large = size
        return known


def _offender(address: bytes) -> str | None:
    if len(address) >= 8 and struct.unpack("=H", address[:2])[0] == socket.AF_INET:
        return socket.inet_ntop(socket.AF_INET, address[4:8])
    if len(address) >= 24 and struct.unpack("=H", address[:2])[0] == socket.AF_INET6:
        return socket.inet_ntop(socket.AF_INET6, address[8:24])
    return None


def probe(interface: str, target: str, size: int) -> dict[str, object]:
    """Return whether the target answers, and the largest packet it answered to."""
    path = Path(interface, target)
    small = min(SMALL_BYTES, size)
    largest = None
    if path.carries(small, VERDICT_TRIES, VERDICT_SECONDS):
        fits = path.carries(size, VERDICT_TRIES, VERDICT_SECONDS)
        largest = size if fits else path.largest(small, size)
    return {
        "largest_bytes": largest,
        "reported_bytes": path.reported_bytes,
        "reported_by": path.reported_by,
    }


def main(arguments: list[str]) -> int:
    """Print what was found, or {"error": …} where nothing could be sent."""
    interface, target, size = arguments
    try:
        found = probe(interface, target, int(size))
    except OSError as error:
        found = {"error": str(error)}
    sys.stdout.write(json.dumps(found) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
