"""What one run said on the wire: connections, commands, and turns of the conversation.

A turn begins when the controller sends data after the host has, so that each round trip that
somebody waited for is a turn. Not every turn was waited for: what is counted is an upper bound.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass

from benchmarks.fleet.delay import Segment

#: sshd's words (OpenSSH session.c, auth.c); the sessions' are told from LogLevel VERBOSE on.
_ACCEPTED = re.compile(r"Accepted \S+ for \S+ from (\S+) port (\d+)")
_SESSION = re.compile(r"Starting session: (?:command|shell|subsystem)\b.*\bport (\d+)")
_MICROSECONDS = 1_000_000


@dataclass(frozen=True, slots=True)
class SaidBySshd:
    """When sshd let connections in (seconds since 1970, by the client's port), and sessions."""

    accepted: dict[int, float]
    session_ports: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Conversation:
    """All connections of a run together. ``turns`` are those after the login."""

    connections: int
    login_turns: int
    turns: int
    commands: int
    bytes_to_host: int
    bytes_from_host: int


def said_by_sshd(journal: str, began: float, address: str) -> SaidBySshd:
    """Return what ``journalctl -o json`` holds of one client's connections since ``began``."""
    accepted: dict[int, float] = {}
    sessions: list[int] = []
    for line in journal.splitlines():
        entry = json.loads(line)
        seconds = int(entry["__REALTIME_TIMESTAMP"]) / _MICROSECONDS
        message = entry["MESSAGE"]
        if seconds < began or not isinstance(message, str):
            continue
        found = _ACCEPTED.search(message)
        if found and found[1] == address:
            accepted[int(found[2])] = seconds
        elif found := _SESSION.search(message):
            sessions.append(int(found[1]))
    return SaidBySshd(accepted, tuple(sessions))


def conversation(segments: Iterable[Segment], said: SaidBySshd) -> Conversation:
    """Return the conversation of a run's segments.

    Connections that sshd let in are told apart by the client's port; others do not count. A client
    learns of its login half a round trip later, so what it sends after that time is after it.
    """
    kept = [segment for segment in segments if segment.port in said.accepted]
    turns = login_turns = 0
    for port, since in said.accepted.items():
        of_port = [segment for segment in kept if segment.port == port]
        login_turns += count_turns(s for s in of_port if s.seconds <= since)
        turns += count_turns(s for s in of_port if s.seconds > since)
    return Conversation(
        connections=len(said.accepted),
        login_turns=login_turns,
        turns=turns,
        commands=sum(port in said.accepted for port in said.session_ports),
        bytes_to_host=sum(s.payload_bytes for s in kept if s.is_towards_host),
        bytes_from_host=sum(s.payload_bytes for s in kept if not s.is_towards_host),
    )


def count_turns(segments: Iterable[Segment]) -> int:
    """Return how often one connection's controller speaks after its host, the beginning counted."""
    turns, has_host_spoken = 0, True
    for segment in segments:
        if segment.is_towards_host and has_host_spoken:
            turns += 1
        has_host_spoken = not segment.is_towards_host
    return turns
