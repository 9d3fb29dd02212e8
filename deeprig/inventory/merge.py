"""Merge inventory data from the general to the specific, remembering where each value came from.

pyinfra replaces a whole value when a closer level names it. A role's settings are one dictionary,
so replacing would force every host to repeat its group; they are merged key by key instead.
Lists are replaced, never joined: otherwise nothing could ever be taken away.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Level:
    """One source of data: ``group_data/all.py`` or the host's own entry."""

    origin: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class MergedData:
    """The data of one host, and for each top-level key the origins that named it."""

    data: dict[str, Any]
    origins: dict[str, tuple[str, ...]]
    levels: tuple[Level, ...] = ()

    def origins_of(self, path: Sequence[int | str]) -> tuple[str, ...]:
        """Return who named the value at a path, or what is above it where nobody named itself.

        A path in a list ends at the list: lists are replaced as a whole.
        """
        found: tuple[str, ...] = ()
        for length in range(1, len(path) + 1):
            named = tuple(
                level.origin for level in self.levels if _names(level.data, path[:length])
            )
            if not named:
                break
            found = named
        return found


def _names(data: Any, path: Sequence[int | str]) -> bool:
    for part in path:
        if not isinstance(data, Mapping) or part not in data:
            return False
        data = data[part]
    return True


def deep_merge(general: Mapping[str, Any], specific: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``general`` overlaid by ``specific``; dictionaries are merged, all else replaced."""
    merged = dict(general)
    for key, value in specific.items():
        below = merged.get(key)
        if isinstance(below, Mapping) and isinstance(value, Mapping):
            merged[key] = deep_merge(below, value)
        else:
            merged[key] = value
    return merged


def merge_levels(levels: Iterable[Level]) -> MergedData:
    """Merge levels given from the most general to the most specific."""
    levels = tuple(levels)
    data: dict[str, Any] = {}
    origins: dict[str, tuple[str, ...]] = {}
    for level in levels:
        data = deep_merge(data, level.data)
        for key in level.data:
            origins[key] = (*origins.get(key, ()), level.origin)
    return MergedData(data, origins, levels)
