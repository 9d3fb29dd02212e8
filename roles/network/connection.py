"""The connection of this run to the host: how it came in, and how to come in again."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import gevent
from paramiko import PKey
from pyinfra.api.host import Host
from pyinfra.connectors.local import LocalConnector
from pyinfra.context import ctx_host

from deeprig.engine.reconnect import (
    CONNECTION_LOST,
    Endpoint,
    attempt,
    endpoint_of,
    host_key_of,
    pinned,
)
from deeprig.tasks.host_answers import Answer, run_host_program
from roles.network.facts import SshConnection
from roles.network.management import Reached
from roles.network.observed import reached_by

_BETWEEN_ATTEMPTS_SECONDS = 1.0
_ANSWER_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Incoming:
    """How the run's connection arrives: ``reached`` None on the controller itself.

    ``port`` is the one that the host's own sshd listens on.
    """

    reached: Reached | None
    port: int | None = None


def incoming(observed: Mapping[str, Any]) -> Incoming | None:
    """Return how the connection arrives; None where its address is none of the host's own."""
    host: Host = ctx_host.get()
    if isinstance(host.connector, LocalConnector):
        return Incoming(None)
    told: str = host.get_fact(SshConnection, _sudo=False)
    reached = reached_by(observed, told)
    return None if reached is None else Incoming(reached, int(told.split()[3]))


class Comeback:
    """Comes back to a host whose network changes under the connection."""

    def __init__(self, new: Endpoint | None) -> None:
        """Remember the way in that is used now; ``new`` is where the host is to be afterwards."""
        self._host: Host = ctx_host.get()
        self._old = endpoint_of(self._host)
        self._new = new or self._old
        self._key: PKey | None = host_key_of(self._host)
        self.last_failure = ""

    @property
    def key(self) -> PKey | None:
        """Return the host's SSH key; None where the connection is no SSH connection."""
        return self._key

    def until(self, ask: Callable[[], Answer | None], seconds: float) -> Answer | None:
        """Ask over a new connection, again and again, until there is an answer or time is over.

        ``ask`` returns None where the answer is not final. The connection stays open afterwards.
        """
        return self._come_back(self._new, ask, seconds)

    def to_the_old(self, ask: Callable[[], Answer | None], seconds: float) -> Answer | None:
        """Ask as ``until`` does, where the host was before."""
        return self._come_back(self._old, ask, seconds)

    def _come_back(
        self, at: Endpoint, ask: Callable[[], Answer | None], seconds: float
    ) -> Answer | None:
        if self._key is None:  # this very machine: nothing can be lost
            return _poll(ask, seconds)
        until = time.monotonic() + seconds
        with pinned(self._host, self._key) as known:
            while True:
                failure = attempt(self._host, at, self._key, known)
                self.last_failure = failure or ""
                answer = _asked(ask) if failure is None else None
                if answer is not None or time.monotonic() >= until:
                    return answer
                gevent.sleep(_BETWEEN_ATTEMPTS_SECONDS)


def ask_network(*words: str) -> Answer:
    """Run the network program; a host that says nothing counts as a lost connection."""
    return run_host_program("network", *words, timeout_seconds=_ANSWER_SECONDS)


def _asked(ask: Callable[[], Answer | None]) -> Answer | None:
    try:
        return ask()
    except CONNECTION_LOST:
        return None


def _poll(ask: Callable[[], Answer | None], seconds: float) -> Answer | None:
    until = time.monotonic() + seconds
    answer = ask()
    while answer is None and time.monotonic() < until:
        gevent.sleep(_BETWEEN_ATTEMPTS_SECONDS)
        answer = ask()
    return answer
