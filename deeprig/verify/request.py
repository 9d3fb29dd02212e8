"""What a session is asked to do."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Request:
    """Which checks are to be run, against which host of an inventory, and how thoroughly."""

    inventory: str
    host: str
    roles: tuple[str, ...]
    profile: str
    burn_minutes: float | None
