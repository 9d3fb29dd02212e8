"""Read a whole Ansible inventory: a file, a directory of files, or a program."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from deeprig.inventory.sources.ansible.ini import read_ini
from deeprig.inventory.sources.ansible.listing import read_listing
from deeprig.inventory.sources.ansible.mapping_form import read_yaml
from deeprig.inventory.sources.ansible.translate import Translation, translate
from deeprig.inventory.sources.ansible.tree import ALL, Tree, Variable
from deeprig.inventory.sources.ansible.vars_files import variables_beside
from deeprig.inventory.sources.asking import answer_of
from deeprig.inventory.sources.gathered import Gathered, GatheredHost, Note, raise_if_any, refuse
from deeprig.inventory.sources.reading import is_program, json_of, text_of

#: What ansible-core leaves out of a directory of inventories (inventory/manager.py).
_IGNORED = re.compile(
    r"^\.|^(?:group_vars|host_vars|vars_plugins)$|~$"
    r"|\.(?:pyc|pyo|swp|bak|rpm|md|txt|rst|orig|cfg|retry)$"
)


@dataclass(frozen=True, slots=True)
class HostVariables:
    """A host, its groups in Ansible's order, and its variables from general to specific."""

    name: str
    groups: tuple[str, ...]
    levels: tuple[dict[str, Variable], ...]


def read_ansible(path: Path) -> Gathered:
    """Return the hosts of an Ansible inventory, in deeprig's terms. Raise InventoryProblem."""
    notes: list[Note] = []
    hosts: list[GatheredHost] = []
    translated: list[Translation] = []
    for host in host_variables(path, notes):
        groups = tuple(g for g in host.groups if g not in (ALL, "ungrouped"))
        translation = translate(host.name, host.levels)
        translated.append(translation)
        if translation.left_out is None:
            hosts.append(GatheredHost(host.name, groups, translation.levels))
        else:
            notes.append(Note(host.name, translation.left_out))
    raise_if_any(dict.fromkeys(p for t in translated for p in t.problems))
    notes += _unknown(path, translated)
    notes += dict.fromkeys(n for t in translated for n in t.notes)
    return Gathered(tuple(hosts), tuple(notes))


def _unknown(path: Path, translated: list[Translation]) -> Iterator[Note]:
    counted = Counter(name for t in translated for name in t.ignored)
    if counted:
        names = ", ".join(sorted(counted))
        is_one = len(counted) == 1
        what = "1 variable is" if is_one else f"{len(counted)} variables are"
        yield Note(str(path), f"{what} not deeprig's, and left alone: {names}", is_detail=True)


def host_variables(path: Path, notes: list[Note]) -> tuple[HostVariables, ...]:
    """Return every host with its variables as ansible-core would see them, level by level."""
    tree = Tree()
    files = tuple(_files(path)) if path.is_dir() else (path,)
    if not files:
        raise refuse(path, "there is no inventory in this directory")
    for file in files:
        _read_file(tree, file)
    finished = tree.finished()
    beside = path if path.is_dir() else path.parent
    of_group = {name: variables_beside(beside, "group_vars", name, notes) for name in tree.groups}
    return tuple(
        HostVariables(name, groups, tuple(_levels(tree, of_group, beside, name, groups, notes)))
        for name, groups in finished.groups_of.items()
    )


def _levels(
    tree: Tree,
    of_group: dict[str, dict[str, Variable]],
    beside: Path,
    host: str,
    groups: tuple[str, ...],
    notes: list[Note],
) -> Iterator[dict[str, Variable]]:
    """Yield levels in the order of DEFAULT_VARIABLE_PRECEDENCE of ansible-core."""
    yield from (tree.groups[name].variables for name in groups)
    yield from (of_group[name] for name in groups)
    yield tree.hosts[host]
    yield variables_beside(beside, "host_vars", host, notes)


def _files(directory: Path) -> Iterator[Path]:
    for path in sorted(directory.iterdir()):
        if not _IGNORED.search(path.name):
            if path.is_dir():
                yield from _files(path)
            else:
                yield path


def _read_file(tree: Tree, path: Path) -> None:
    if is_program(path):
        _read_program(tree, path)
        return
    text = text_of(path)
    if path.suffix == ".json" and "_meta" in (data := json_of(text, str(path))):
        read_listing(tree, data, str(path), None)
    elif path.suffix in (".yml", ".yaml", ".json") or (not path.suffix and _is_yaml(text)):
        read_yaml(tree, text, str(path))
    else:
        read_ini(tree, text, str(path))


def _is_yaml(text: str) -> bool:
    """Say whether a file without an extension is YAML: its first line begins a mapping."""
    for line in text.splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            return bool(re.match(r"^(?:---|%YAML|[\w.-]+:\s*(?:#.*)?$)", line))
    return False


def _read_program(tree: Tree, path: Path) -> None:
    program = str(path.resolve())
    data = json_of(answer_of([program, "--list"], f"{path} --list"), f"{path} --list")

    def ask_host(host: str) -> object:
        place = f"{path} --host {host}"
        text = answer_of([program, "--host", host], place)
        return json_of(text, place) if text.strip() else {}

    own = Tree()  # a program's hosts are asked for one by one; those of other files are not
    read_listing(own, data, f"{path} --list", ask_host)
    try:
        _join(tree, own)
    except ValueError as error:
        raise refuse(path, str(error)) from error


def _join(tree: Tree, other: Tree) -> None:
    for group in other.groups.values():
        held = tree.add_group(group.name)
        held.variables |= group.variables
        if group.priority != 1:
            held.priority = group.priority
        for child in group.children:
            tree.add_child(group.name, child)
        for host in group.hosts:
            tree.add_host(host, group.name)
    for host, variables in other.hosts.items():
        tree.hosts[host] |= variables
