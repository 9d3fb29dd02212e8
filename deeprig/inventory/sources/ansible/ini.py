"""Read an Ansible inventory in INI form into a tree."""

from __future__ import annotations

import ast
import re
import shlex
import warnings
from typing import Any

from deeprig.errors import InventoryProblem, Problem
from deeprig.inventory.sources.ansible.ranges import expand
from deeprig.inventory.sources.ansible.tree import UNGROUPED, Tree, Variable

_SECTION = re.compile(r"^\[([^:\]\s]+)(?::(\w+))?\]\s*(?:[#;].*)?$")
_CHILD = re.compile(r"^([^:\]\s]+)\s*(?:\#.*)?$")
_KINDS = ("hosts", "children", "vars")


class _Reader:
    """The state of one pass over the lines: in which section we are, and what waits."""

    def __init__(self, tree: Tree, place: str) -> None:
        self.tree, self.place = tree, place
        self.group, self.kind, self.line = UNGROUPED, "hosts", 0
        self.declared: set[str] = set(tree.groups)
        self.awaited: dict[str, tuple[int, str]] = {}

    def read(self, text: str) -> None:
        """Read all lines; every mistake is told at once."""
        problems: list[Problem] = []
        for number, raw in enumerate(text.splitlines(), 1):
            self.line = number
            line = raw.strip()
            if not line or line[0] in "#;":
                continue
            try:
                self._read_line(line)
            except ValueError as error:
                problems.append(Problem(f"{self.place}:{number}", str(error)))
        for name, (number, reason) in self.awaited.items():
            if name not in self.declared:
                remedy = f"add a section [{name}]"
                problems.append(Problem(f"{self.place}:{number}", reason, remedy))
        if problems:
            raise InventoryProblem(tuple(problems))

    def _read_line(self, line: str) -> None:
        match = _SECTION.match(line)
        if match:
            self._begin(match[1], match[2] or "hosts")
        elif line.startswith("[") and line.endswith("]"):
            raise ValueError(f"{line} is no section: a group's name has no spaces")
        elif self.kind == "hosts":
            self._read_host(line)
        elif self.kind == "vars":
            name, equals, value = line.partition("=")
            if not equals:
                raise ValueError(f"{line!r} is no variable: write name=value")
            self.tree.set_variable(self.group, self._variable(name.strip(), value.strip()))
        else:
            self._read_child(line)

    def _begin(self, group: str, kind: str) -> None:
        if kind not in _KINDS:
            raise ValueError(f"a section [{group}:{kind}] is of no kind: {', '.join(_KINDS)}")
        self.group, self.kind = group, kind
        self.tree.add_group(group)
        if kind == "vars":
            reason = f"there is no group {group!r} these variables could be of"
            self.awaited.setdefault(group, (self.line, reason))
        else:
            self.declared.add(group)

    def _read_child(self, line: str) -> None:
        match = _CHILD.match(line)
        if match is None:
            raise ValueError(f"{line!r} is no name of a group")
        child = match[1]
        self.tree.add_child(self.group, child)
        self.awaited.setdefault(child, (self.line, f"there is no group {child!r}"))

    def _read_host(self, line: str) -> None:
        words = shlex.split(line, comments=True)
        if not words:
            return
        if words[0] == "---":
            raise ValueError("'---' begins YAML: name the file .yml, or leave it out")
        names, port = expand(words[0])
        variables = []
        for word in words[1:]:
            name, equals, value = word.partition("=")
            if not equals:
                raise ValueError(f"{_shown(word)} is no variable: write name=value")
            variables.append(self._variable(name, value))
        for host in names:
            self._add(host, port, variables)

    def _add(self, host: str, port: int | None, variables: list[Variable]) -> None:
        is_new = host not in self.tree.hosts
        held = self.tree.add_host(host, self.group)
        if is_new and port is not None:
            held["ansible_port"] = Variable("ansible_port", port, f"{self.place}:{self.line}")
        held.update({variable.name: variable for variable in variables})

    def _variable(self, name: str, value: str) -> Variable:
        return Variable(name, value_of(value), f"{self.place}:{self.line}")


def _shown(word: str) -> str:
    return repr(word) if len(word) <= 30 else f"{word[:27]!r}..."


def value_of(text: str) -> Any:
    """Return a Python literal's value, or the text itself where it is none, as Ansible does."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            return _supported(ast.literal_eval(text))
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text


def _supported(value: Any) -> Any:
    """Return what a variable may be: tuples and sets become lists, odd literals texts."""
    if isinstance(value, dict):
        return {key: _supported(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [_supported(item) for item in value]
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return str(value) if isinstance(value, complex) or value is ... else value


def read_ini(tree: Tree, text: str, place: str) -> None:
    """Add an INI inventory to the tree. Raise InventoryProblem with every line that is wrong."""
    _Reader(tree, place).read(text)
