"""One network change at a time on a machine."""

from __future__ import annotations

from deeprig_host.machine.exclusive import Lock
from deeprig_host.network.names import DIRECTORY

_LOCK = Lock(
    f"{DIRECTORY}/lock",
    "a network change",
    remedy="wait for its end; `status` tells how far it is",
    directory_mode=0o700,
)
exclusive = _LOCK.held
