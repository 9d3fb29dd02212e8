"""Wait for a while, and hear a Ctrl-C or SIGTERM meanwhile.

After the engine's own watching of signals has ended, libev leaves SIGINT with its default: without
this, a Ctrl-C between two waves would end the process as a kill does, with nothing told.
"""

from __future__ import annotations

import gevent

from deeprig.engine.interruption import interruptible
from deeprig.waves.works import Interrupted


def wait(seconds: float) -> None:
    """Wait, to the end in any case. Raise Interrupted when the person does not want to."""
    with interruptible(lambda: None, patience=0) as interruption:
        gevent.sleep(seconds)
    if interruption.is_asked:
        raise Interrupted
