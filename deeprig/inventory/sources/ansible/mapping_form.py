"""Read an Ansible inventory in YAML form into a tree."""

from __future__ import annotations

from typing import Any

from deeprig.errors import InventoryProblem, Problem
from deeprig.inventory.sources.ansible.ranges import expand
from deeprig.inventory.sources.ansible.tree import Tree, Variable
from deeprig.inventory.sources.gathered import refuse
from deeprig.inventory.sources.yaml_lines import Lined, yaml_of

_SECTIONS = ("hosts", "children", "vars")
_EXAMPLE = "write 'all: {hosts: {rig1: {ansible_host: 192.0.2.1}}}'"


class _Reader:
    def __init__(self, tree: Tree, place: str) -> None:
        self.tree, self.place = tree, place
        self.problems: list[Problem] = []

    def group(self, name: Any, body: Any, line: int) -> None:
        """Read a group and what is below it."""
        if not isinstance(name, str):
            self._wrong(line, f"{name!r} is no name of a group", "put it into quotes")
            return
        self.tree.add_group(name)
        if body is None:
            return
        if not isinstance(body, Lined):
            self._wrong(line, f"group {name!r} is a mapping of {', '.join(_SECTIONS)}", _EXAMPLE)
            return
        for section, content in body.items():
            self._section(name, section, content, body.lines[section])

    def _section(self, group: str, section: Any, content: Any, line: int) -> None:
        if section not in _SECTIONS:
            known = ", ".join(_SECTIONS)
            self._wrong(line, f"group {group!r} has no {section!r}", f"known: {known}")
            return
        if content is None:
            return
        if isinstance(content, str) and section != "vars":
            made = Lined()
            made[content], made.lines[content] = None, line
            content = made
        if not isinstance(content, Lined):
            self._wrong(line, f"{section} of group {group!r} are a mapping, not a list", _EXAMPLE)
            return
        for key, value in content.items():
            self._entry(group, section, key, value, content.lines[key])

    def _entry(self, group: str, section: str, key: Any, value: Any, line: int) -> None:
        try:
            if section == "vars":
                self.tree.set_variable(group, Variable(str(key), value, f"{self.place}:{line}"))
            elif section == "children":
                self.group(key, value, line)
                if isinstance(key, str):
                    self.tree.add_child(group, key)
            else:
                self._host(group, key, value, line)
        except ValueError as error:
            self._wrong(line, str(error))

    def _host(self, group: str, pattern: Any, body: Any, line: int) -> None:
        if not isinstance(pattern, str):
            raise ValueError(f"the host name {pattern!r} is no text: put it into quotes")  # noqa: TRY004 - told with its line
        if body is not None and not isinstance(body, Lined):
            raise ValueError(f"variables of host {pattern!r} are a mapping")
        names, port = expand(pattern)
        for name in names:
            is_new = name not in self.tree.hosts
            held = self.tree.add_host(name, group)
            if is_new and port is not None:
                held["ansible_port"] = Variable("ansible_port", port, f"{self.place}:{line}")
            for key, value in body.items() if body else ():
                place = f"{self.place}:{body.lines[key] if body else line}"
                held[str(key)] = Variable(str(key), value, place)

    def _wrong(self, line: int, reason: str, remedy: str | None = None) -> None:
        self.problems.append(Problem(f"{self.place}:{line}", reason, remedy))


def read_yaml(tree: Tree, text: str, place: str) -> None:
    """Add a YAML inventory to the tree. Raise InventoryProblem with every mistake at its line."""
    data = yaml_of(text, place)
    if not isinstance(data, Lined):
        raise refuse(place, "a YAML inventory is a mapping of groups", _EXAMPLE)
    if "plugin" in data:
        reason = f"this configures Ansible's inventory plugin {data['plugin']!r}"
        remedy = "have Ansible ask it: ansible-inventory -i FILE --list > hosts.json"
        raise refuse(f"{place}:{data.lines['plugin']}", reason, remedy)
    reader = _Reader(tree, place)
    for name, body in data.items():
        reader.group(name, body, data.lines[name])
    if reader.problems:
        raise InventoryProblem(tuple(reader.problems))
