"""A run that is asked to end, ends as a run with a document: signals become an exception."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType
from typing import NoReturn

#: What ends a program from outside: a terminal that closes, Ctrl-C, systemd, timeout(1).
_SIGNALS = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)


class Cut(BaseException):
    """The run was cut; the text says by what. Not an Exception: no case may take it for its own."""


@contextlib.contextmanager
def cut_by_signals() -> Iterator[None]:
    """Raise Cut in the main thread at the first signal; further ones are ignored.

    A signal that is ignored already stays so: nohup(1) means it.
    """
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, _cut)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def no_more_cuts() -> None:
    """Ignore the signals from here on: what is being written must be whole."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def _cut(number: int, frame: FrameType | None) -> NoReturn:
    no_more_cuts()
    raise Cut(signal.Signals(number).name)
