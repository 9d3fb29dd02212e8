"""Leave in order when told to end, so that what was begun is freed: SIGTERM as an exception."""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Iterator
from types import FrameType


@contextlib.contextmanager
def ended_in_order() -> Iterator[None]:
    """For the time of the block SIGTERM exits through every ``finally``; by itself it would not.

    systemd and shutdown(8) send it. The exit code is the shell's for it, 143. Main thread only.
    """
    before = signal.signal(signal.SIGTERM, _leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _leave(number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + number)
