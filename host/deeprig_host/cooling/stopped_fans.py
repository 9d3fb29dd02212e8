"""Notice fans that were told to turn and do not, on cards that measure their revolutions.

A card that tells what it means instead (nvml.h allows it) shows nothing here: its temperature does.
"""

from __future__ import annotations

from typing import Any

from deeprig_host.cooling.say import Say

#: A fan spins up within seconds.
_PATIENCE_SECONDS = 15.0


class StoppedFans:
    """Says once of each fan that it stands still, and once that it turns again."""

    def __init__(self, say: Say) -> None:
        """Begin suspecting no fan."""
        self._say = say
        self._since: dict[tuple[str, int], float] = {}
        self._told: set[tuple[str, int]] = set()

    def look(self, gpus: list[dict[str, Any]], monotonic_seconds: float) -> None:
        """Look at the fans of a status; where revolutions are not told, nothing is known."""
        for gpu in gpus:
            for number, fan in enumerate(gpu["fans"]):
                if fan["rpm"] is not None and fan["percent"] is not None and gpu["uuid"]:
                    is_stopped = fan["rpm"] == 0 and fan["percent"] > 0
                    self._note(gpu, number, is_stopped, monotonic_seconds)

    def _note(self, gpu: dict[str, Any], number: int, is_stopped: bool, now: float) -> None:
        fan = (gpu["uuid"], number)
        name = f"GPU {gpu['index']} ({gpu['name']}): fan {number}"
        if not is_stopped:
            self._since.pop(fan, None)
            if fan in self._told:
                self._told.remove(fan)
                self._say("notice", f"{name} turns again")
            return
        since = self._since.setdefault(fan, now)
        if now - since >= _PATIENCE_SECONDS and fan not in self._told:
            self._told.add(fan)
            self._say("error", f"{name} stands still though it shall blow: look whether it is free")
