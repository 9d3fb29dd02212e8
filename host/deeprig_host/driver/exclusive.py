"""One driver change at a time on a machine."""

from __future__ import annotations

from deeprig_host.driver.journal import DIRECTORY
from deeprig_host.driver.logs import LOGS
from deeprig_host.machine.exclusive import Lock

_LOCK = Lock(
    f"{DIRECTORY}/lock",
    "a driver change",
    evidence=(f"log: {LOGS}/",),
    remedy="wait for its end; it goes on without its connection",
)
exclusive, check_free = _LOCK.held, _LOCK.check_free
