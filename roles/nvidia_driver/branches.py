"""Driver branches: until when NVIDIA supports them, and which one is taken without a wish.

Source: NVIDIA's data center driver life cycle and the release notes of each branch. An end of life
None is not published, or not verified.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Branch:
    """A driver branch. ``end_of_life`` is ``year-month``."""

    number: int
    end_of_life: str | None
    kind: str
    source: str


_LIFE_CYCLE = "NVIDIA data center driver life cycle"
_NOTES = "NVIDIA driver release notes"

BRANCHES: tuple[Branch, ...] = (
    Branch(470, None, "long-term, last for Kepler", _LIFE_CYCLE),
    Branch(535, "2026-06", "long-term", _LIFE_CYCLE),
    Branch(550, None, "production", _LIFE_CYCLE),
    Branch(560, None, "new feature", _NOTES),
    Branch(565, None, "new feature", _NOTES),
    Branch(570, "2026-02", "production", _LIFE_CYCLE),
    Branch(575, None, "new feature", _NOTES),
    Branch(580, "2028-08", "long-term, last for Maxwell, Pascal and Volta", _LIFE_CYCLE),
    Branch(590, None, "new feature", _NOTES),
    Branch(595, None, "production", _NOTES),
    Branch(610, None, "new feature", _NOTES),
    Branch(615, None, "new feature", _NOTES),
)

#: Taken when the inventory names no branch and none is installed: supported the longest, drives
#: every generation from Maxwell to Blackwell, and is enough for CUDA 13.0 (minor versions above
#: it included, by NVIDIA's minor version compatibility).
RECOMMENDED = 580


def branch_row(number: int) -> Branch | None:
    """Return the row of a branch, or None for one this table does not know."""
    return next((row for row in BRANCHES if row.number == number), None)


def end_of_life_note(number: int) -> str | None:
    """Return one sentence about the end of a branch's life, or None where none is known."""
    row = branch_row(number)
    if row is None or row.end_of_life is None:
        return None
    return f"NVIDIA supports branch {number} until {row.end_of_life} ({row.source})"
