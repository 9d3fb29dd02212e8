"""Hosts of which the same is to be said, together: at a hundred hosts, the odd ones are the news.

Up to ``MOST_SINGLE`` hosts each is told by itself, as with ``-v`` at any number.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from deeprig.report.host_ranges import host_ranges

#: Of so many hosts each is still read by itself.
MOST_SINGLE = 8
_SAME = "\0"

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Group(Generic[Item]):
    """Items of which the same is to be said. ``label`` names their hosts."""

    label: str
    items: tuple[Item, ...]

    @property
    def first(self) -> Item:
        """The item that stands for all."""
        return self.items[0]


def is_many(items: Sequence[object], *, verbose: bool = False) -> bool:
    """Say whether there are too many hosts to tell each by itself."""
    return len(items) > MOST_SINGLE and not verbose


def together(
    items: Sequence[Item],
    host: Callable[[Item], str],
    key: Callable[[Item], Hashable],
    *,
    many: bool,
) -> tuple[Group[Item], ...]:
    """Return the items grouped by ``key``, largest group first so that odd ones come last.

    Without ``many``, each item is a group of its own, in its place, labelled with its host.
    """
    if not many:
        return tuple(Group(host(item), (item,)) for item in items)
    found: dict[Hashable, list[Item]] = defaultdict(list)
    for item in items:
        found[key(item)].append(item)
    groups = sorted(found.values(), key=len, reverse=True)
    return tuple(
        Group(_label([host(item) for item in members]), tuple(members)) for members in groups
    )


def without_name(value: object, host: str) -> str:
    """Return a value as text in which the host's own name is written as no name is.

    Two hosts' words that differ only by it say the same. A name of digits is left: it may be any
    number.
    """
    # Before a name, the n of an escaped line end would read as a part of it.
    text = repr(value).replace("\\n", "\n").replace("\\t", "\t")
    if host.isdigit():
        return text
    return re.sub(rf"(?<![\w.-]){re.escape(host)}(?![\w-])", _SAME, text)


def without_place(value: object, host: str) -> str:
    """Return words about reaching a host without its name, addresses and ports."""
    return re.sub(r"\d+", "#", without_name(value, host))


def _label(hosts: Sequence[str]) -> str:
    count = len(dict.fromkeys(hosts))
    return f"{host_ranges(hosts)} ({count} hosts)" if count > 1 else hosts[0]
