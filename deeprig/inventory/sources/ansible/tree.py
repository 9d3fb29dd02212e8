"""Groups, hosts and their variables, put together from all files of one Ansible inventory."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

ALL, UNGROUPED = "all", "ungrouped"
_PRIORITY = "ansible_group_priority"


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable's value as written, and where it stands."""

    name: str
    value: Any
    place: str


@dataclass(slots=True)
class Group:
    """A group while files are being read."""

    name: str
    priority: int = 1
    variables: dict[str, Variable] = field(default_factory=dict)
    hosts: dict[str, None] = field(default_factory=dict)
    children: dict[str, None] = field(default_factory=dict)


@dataclass(slots=True)
class Tree:
    """One Ansible inventory. ``all`` and ``ungrouped`` are always there."""

    groups: dict[str, Group] = field(default_factory=dict)
    hosts: dict[str, dict[str, Variable]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Begin as Ansible does."""
        self.add_group(ALL)
        self.add_group(UNGROUPED)
        self.groups[ALL].children[UNGROUPED] = None

    def add_group(self, name: str) -> Group:
        """Return the group of that name, made when it is new."""
        return self.groups.setdefault(name, Group(name))

    def add_host(self, name: str, group: str) -> dict[str, Variable]:
        """Put a host into a group and return its variables, to be added to."""
        self.add_group(group).hosts[name] = None
        return self.hosts.setdefault(name, {})

    def add_child(self, parent: str, child: str) -> None:
        """Put a group into another. Raise ValueError where they would contain each other."""
        if parent == child or parent in self._below(child):
            raise ValueError(f"group {child!r} and group {parent!r} would contain each other")
        self.add_group(parent).children[child] = None
        self.add_group(child)

    def set_variable(self, group: str, variable: Variable) -> None:
        """Set a group's variable; its priority is none. Raise ValueError for a bad priority."""
        if variable.name != _PRIORITY:
            self.add_group(group).variables[variable.name] = variable
            return
        try:
            self.add_group(group).priority = int(variable.value)
        except (TypeError, ValueError):
            raise ValueError(f"{_PRIORITY} is a whole number") from None

    def _below(self, name: str) -> set[str]:
        found: set[str] = set()
        waiting = [name]
        while waiting:
            group = self.groups.get(waiting.pop())
            fresh = [c for c in (group.children if group else ()) if c not in found]
            found.update(fresh)
            waiting += fresh
        return found

    def finished(self) -> FinishedTree:
        """Return the groups of every host in Ansible's order; every group is below ``all``."""
        parents: dict[str, set[str]] = {name: set() for name in self.groups}
        for group in self.groups.values():
            for child in group.children:
                parents[child].add(group.name)
        for name, above in parents.items():
            if name != ALL and not above:
                above.add(ALL)

        @cache
        def depth(name: str) -> int:
            return max((depth(parent) + 1 for parent in parents[name]), default=0)

        def order(name: str) -> tuple[int, int, str]:
            return depth(name), self.groups[name].priority, name

        of_host = {
            host: tuple(sorted(_with_parents(self._direct(host), parents), key=order))
            for host in self.hosts
        }
        return FinishedTree(self, of_host)

    def _direct(self, host: str) -> tuple[str, ...]:
        named = tuple(
            g.name for g in self.groups.values() if host in g.hosts and g.name != UNGROUPED
        )
        return named if set(named) - {ALL} else (ALL, UNGROUPED)


@dataclass(frozen=True, slots=True)
class FinishedTree:
    """A tree whose files have all been read; ``groups_of`` begins with ``all``."""

    tree: Tree
    groups_of: dict[str, tuple[str, ...]]


def _with_parents(names: Iterable[str], parents: dict[str, set[str]]) -> set[str]:
    found: set[str] = {ALL}
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += parents[name]
    return found
