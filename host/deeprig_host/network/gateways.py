"""Whether a gateway answers on the link: one that does not is no way out.

Asked of the kernel's neighbour table (ip-neighbour(8)), which knows IPv4's ARP and IPv6's
neighbour discovery; no ping, which routers may drop.
"""

from __future__ import annotations

import json
import socket
import time

from deeprig_host.machine.commands import Machine

#: The kernel asks three times, a second apart (arp(7), mcast_solicit).
_ANSWER_SECONDS = 4.0
_POLL_SECONDS = 0.1
#: Port 9 is discard (RFC 863): the datagram only has the kernel ask for the gateway's address.
_DISCARD = 9


def silent_gateways(machine: Machine, gateways: tuple[str, ...]) -> tuple[str, ...]:
    """Return the gateways that do not answer within a few seconds."""
    for gateway in gateways:
        # An entry from before the change would speak for the old link.
        machine.run("ip", "neighbour", "flush", "to", gateway)
        _have_it_asked_for(gateway)
    until = time.monotonic() + _ANSWER_SECONDS
    silent = tuple(g for g in gateways if not _has_answered(machine, g))
    while silent and time.monotonic() < until:
        time.sleep(_POLL_SECONDS)
        silent = tuple(g for g in silent if not _has_answered(machine, g))
    return silent


def _have_it_asked_for(gateway: str) -> None:
    family = socket.AF_INET6 if ":" in gateway else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as datagram:
        try:
            datagram.sendto(b"", (gateway, _DISCARD))
        except OSError:  # no route to it: then it has no entry either, which is the answer
            return


def _has_answered(machine: Machine, gateway: str) -> bool:
    """Say whether the neighbour table has a hardware address that holds for it."""
    done = machine.run("ip", "-json", "neighbour", "show", "to", gateway)
    entries = json.loads(done.out or "[]") if done.is_good else []
    return any("lladdr" in e and "FAILED" not in e.get("state", ()) for e in entries)
