"""What one look at a link found."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One check's name, outcome and evidence. ``is_good`` None: it could not be measured."""

    name: str
    is_good: bool | None
    evidence: str
