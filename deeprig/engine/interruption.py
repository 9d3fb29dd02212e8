"""Ctrl-C: the first lets operations under way finish, the second abandons them.

An operation cut in the middle of apt or conda leaves a half-made state; a re-run repairs it, but
finishing is better. pyinfra exits 0 on Ctrl-C.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType

import gevent
from gevent import Greenlet


class Abandoned(gevent.GreenletExit):
    """Raised in a host's greenlet when the person does not want to wait any longer."""


@dataclass(slots=True)
class Interruption:
    """Whether, and how urgently, the person asked to stop.

    ``patience`` is how many requests let what is under way finish before it is abandoned.
    """

    patience: int = 1
    requests: int = 0
    greenlets: list[Greenlet[..., object]] = field(default_factory=list)

    @property
    def is_asked(self) -> bool:
        """Say whether no new operation must be started."""
        return self.requests > 0

    def ask(self) -> None:
        """Count one Ctrl-C; beyond the patience, abandon what is under way."""
        self.requests += 1
        if self.requests > self.patience:
            gevent.killall(self.greenlets, exception=Abandoned, block=False)


@contextmanager
def interruptible(on_first: Callable[[], None], *, patience: int = 1) -> Iterator[Interruption]:
    """Turn SIGINT and SIGTERM into an Interruption while the block runs."""
    interruption = Interruption(patience)

    def handle(signum: int, frame: FrameType | None) -> None:
        interruption.ask()
        if interruption.requests == 1:
            on_first()

    # Run by gevent's loop, not between two bytecodes: a handler may then switch greenlets.
    watchers = [gevent.signal_handler(s, handle, s, None) for s in (signal.SIGINT, signal.SIGTERM)]
    try:
        yield interruption
    finally:
        for watcher in watchers:
            watcher.cancel()
