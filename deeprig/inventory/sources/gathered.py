"""What a source told: hosts with their groups and data, before anything of it is judged."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from deeprig.errors import InventoryProblem, Problem
from deeprig.inventory.merge import Level


@dataclass(frozen=True, slots=True)
class Note:
    """Something that was not taken over, and why; ``is_detail``: told with -v only."""

    place: str
    text: str
    is_detail: bool = False

    def __str__(self) -> str:
        return f"{self.place}: {self.text}"


@dataclass(frozen=True, slots=True)
class GatheredHost:
    """A host as its source has it; ``groups`` and ``levels`` from the general to the specific."""

    name: str
    groups: tuple[str, ...]
    levels: tuple[Level, ...]


@dataclass(frozen=True, slots=True)
class Gathered:
    """All that one source told. Raise nothing here: what is wrong was raised while reading."""

    hosts: tuple[GatheredHost, ...]
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class ReadHost:
    """A host and its data, most general level first."""

    name: str
    groups: tuple[str, ...]
    levels: tuple[Level, ...]


@dataclass(frozen=True, slots=True)
class ReadSource:
    """An inventory with the group data beside it, before any setting is judged.

    ``directory`` is the lab directory: what is relative starts there.
    """

    hosts: tuple[ReadHost, ...]
    notes: tuple[Note, ...]
    directory: Path


def refuse(place: str | Path, reason: str, remedy: str | None = None) -> InventoryProblem:
    """Return the error of one mistake in a source, to be raised."""
    return InventoryProblem((Problem(str(place), reason, remedy),))


def raise_if_any(problems: Iterable[Problem]) -> None:
    """Raise InventoryProblem with every mistake of a source, when there is one."""
    found = tuple(problems)
    if found:
        raise InventoryProblem(found)
