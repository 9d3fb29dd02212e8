"""What the daemon tells of itself on the host: its status, and how old that is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from roles.cooling.daemon import STATUS

SCHEMA = "deeprig.cooling/1"
_KEPT_CHARACTERS = 300


@dataclass(frozen=True, slots=True)
class Told:
    """The status. ``problem`` says why there is none; ``age_seconds`` is None without one."""

    document: Mapping[str, Any] = field(default_factory=dict)
    age_seconds: float | None = None
    problem: str = ""

    @property
    def gpus(self) -> tuple[Mapping[str, Any], ...]:
        """Return what it tells of each card."""
        return tuple(self.document.get("gpus", ()))


def read_told(host: Any) -> Told:
    """Return the status as it is now. Its age is reckoned without the clock, which may jump."""
    done = host.run("cat /proc/uptime %s", STATUS)
    uptime, _, text = done.stdout.partition("\n")
    if done.rc != 0:
        said = (done.stderr or done.stdout).strip()[-_KEPT_CHARACTERS:]
        return Told(problem=said or f"{STATUS} cannot be read")
    try:
        document = json.loads(text)
        if document["schema"] != SCHEMA:
            return Told(problem=f"{STATUS} has the schema {document['schema']!r}, not {SCHEMA}")
        age = float(uptime.split()[0]) - float(document["boottime_seconds"])
    except (ValueError, KeyError, TypeError) as error:
        return Told(problem=f"{STATUS} is not what the daemon writes: {error!r}")
    return Told(document, age)


def card_name(gpu: Mapping[str, Any]) -> str:
    """Return what a card is called in a check."""
    return f"GPU {gpu.get('index')}"


def is_simulated(gpu: Mapping[str, Any]) -> bool:
    """Say whether a card is the project's own simulation."""
    return str(gpu.get("name", "")).startswith("Simulated")
