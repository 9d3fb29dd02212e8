"""What the daemon writes down: status and history. A disk that is full never stops the cooling."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from deeprig_host.cooling.history import append_history, rows_of
from deeprig_host.cooling.places import EARLIER_HISTORY_FILE, HISTORY_FILE, STATUS_FILE
from deeprig_host.cooling.say import Say
from deeprig_host.cooling.status import write_status
from deeprig_host.machine.commands import Machine


class Records:
    """The files of a machine; what cannot be written is said once, counted, and tried again."""

    def __init__(self, machine: Machine, history_seconds: float, say: Say) -> None:
        """Begin with nothing written."""
        self._status = machine.path(STATUS_FILE)
        self._history = machine.path(HISTORY_FILE)
        self._earlier = machine.path(EARLIER_HISTORY_FILE)
        self._history_seconds = history_seconds
        self._say = say
        self._history_at = float("-inf")
        self._failing: set[str] = set()
        #: How often each file could not be written since the daemon began.
        self.unwritten = {"status": 0, "history": 0}

    def note(self, document: dict[str, Any], monotonic_seconds: float) -> None:
        """Write the status, and the history when its time has come."""
        if monotonic_seconds >= self._history_at:
            self._history_at = monotonic_seconds + self._history_seconds
            rows = rows_of(document["time"], document["gpus"])
            if rows:
                self._try("history", lambda: append_history(self._history, self._earlier, rows))
        own = {"pid": os.getpid(), "unwritten": dict(self.unwritten)}
        self._try("status", lambda: write_status(self._status, document | own))

    def _try(self, what: str, write: Callable[[], None]) -> None:
        try:
            write()
        except OSError as error:
            self.unwritten[what] += 1
            if what not in self._failing:
                self._failing.add(what)
                self._say("warning", f"the {what} cannot be written: {error}; cooling goes on")
        else:
            if what in self._failing:
                self._failing.remove(what)
                self._say("notice", f"the {what} is written again")
