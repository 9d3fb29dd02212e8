"""How a part of the collector says that it could not read what it is for."""

from __future__ import annotations

from dataclasses import dataclass


class PartFailed(Exception):
    """A part could not read something: the text says what and why, in one line."""


@dataclass(frozen=True, slots=True)
class Failure:
    """What failed in a pass, and whose it was: one of names.PARTS."""

    part: str
    text: str
