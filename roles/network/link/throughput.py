"""How much goes to a peer and comes from it, measured by iperf3 where a peer is declared.

Source: iperf3(1); ``end.sum_sent`` and ``sum_received`` of its JSON are in bits per second.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

from roles.network.link.asking import Answer, Asked, said
from roles.network.link.finding import Finding
from roles.network.link.routes import way_to
from roles.network.settings import LinkPeer

#: Debian's and Ubuntu's package of the program, needed where a peer is declared.
PACKAGE = "iperf3"
_CONNECT_MILLISECONDS = 5000
#: What a measurement takes beside its own time: connecting, and the exchange of results.
_EXTRA_SECONDS = 20
#: A server measures one client at a time; every other host of the laboratory waits for its turn.
_BUSY = "the server is busy"
_TURN_SECONDS = 120.0
_BETWEEN_TRIES_SECONDS = 1.0
_NOT_FOUND = 127


def throughput_findings(host: Asked, peer: LinkPeer, declared: frozenset[str]) -> Iterator[Finding]:
    """Yield the throughput both ways, and whether it is a declared interface that was measured."""
    way = way_to(host, peer.address)
    is_wired = way.interface in declared
    name = f"{peer.address} is reached through a declared interface"
    yield Finding(name, is_wired, way.text)
    if not is_wired:
        return
    for direction, option in (("to", ""), ("from", " --reverse")):
        title = f"at least {peer.least_mbps} Mbit/s {direction} {peer.address}"
        yield _measured(host, peer, title, option)


def _measured(host: Asked, peer: LinkPeer, title: str, option: str) -> Finding:
    done = _in_turn(host, peer, option)
    if done.rc == _NOT_FOUND:
        return Finding(
            title, False, f"the host has no {PACKAGE}: apply the role network, which installs it"
        )
    told = _document(done.stdout)
    if "error" in told or done.rc != 0:
        reason = str(told.get("error") or f"exit {done.rc}: {said(done)}")
        is_busy = _BUSY in reason
        remedy = f"start `{PACKAGE} --server --port {peer.port}` on {peer.address}, open its port"
        if is_busy:
            remedy = f"it was busy for {_TURN_SECONDS:.0f} s: verify fewer hosts at once"
        return Finding(title, None if is_busy else False, f"{reason}: {remedy}")
    mbps = received_mbps(told)
    if mbps is None:
        return Finding(title, None, f"{PACKAGE} told no throughput: {done.stdout[-200:]}")
    return Finding(title, mbps >= peer.least_mbps, f"{mbps:.0f} Mbit/s in {peer.seconds} s")


def _in_turn(host: Asked, peer: LinkPeer, option: str) -> Answer:
    """Measure as soon as the server is free; return its last word when it never is."""
    end = time.monotonic() + _TURN_SECONDS
    command = (
        f"timeout {peer.seconds + _EXTRA_SECONDS} {PACKAGE} --json --client %s"
        f" --port {peer.port} --time {peer.seconds}"
        f" --connect-timeout {_CONNECT_MILLISECONDS}{option}"
    )
    while True:
        done = host.run(command, peer.address)
        if _BUSY not in done.stdout or time.monotonic() > end:
            return done
        time.sleep(_BETWEEN_TRIES_SECONDS)


def received_mbps(told: dict[str, Any]) -> float | None:
    """Return what arrived, in Mbit/s: what was sent may still have been lost."""
    try:
        return float(told["end"]["sum_received"]["bits_per_second"]) / 1e6
    except (KeyError, TypeError, ValueError):
        return None


def _document(text: str) -> dict[str, Any]:
    try:
        told = json.loads(text)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
