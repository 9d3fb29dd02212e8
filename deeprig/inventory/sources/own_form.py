"""Write a lab that was read from a source in pyinfra's own form: ``deeprig init --from``.

Each setting is written once: where all hosts agree, in group_data/all.py; where all members of a
group do, in that group's file; otherwise beside the host. No level contradicts another, so that
what is merged again is what was read.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from deeprig.errors import UsageProblem
from deeprig.inventory.load import Lab
from deeprig.inventory.merge import merge_levels
from deeprig.inventory.model import HostSettings
from deeprig.inventory.sources.literal import literal
from deeprig.inventory.sources.uncopied import secret_names, without_secrets

_LAB = Path("inventory/lab.py")
_GROUP_DATA = Path("inventory/group_data")
_ALL = "all"
#: Never shared: two hosts of one address are one machine.
_OF_ONE_HOST = ("ssh_hostname",)
_RESERVED = (_ALL, "lab")


@dataclass(frozen=True, slots=True)
class OwnForm:
    """Files by their path in the lab directory, and what could not be written into them."""

    groups: tuple[str, ...]
    files: Mapping[Path, str]
    variables: tuple[str, ...]
    masked: tuple[str, ...]


def own_form(lab: Lab) -> OwnForm:
    """Return a lab in pyinfra's own form, without its secrets. The same lab gives the same text."""
    models: list[type[BaseModel]] = [HostSettings]
    models += [lab.content.role(name).settings for name in lab.content.role_names()]
    merged = {host.name: merge_levels(host.levels).data for host in lab.read}
    uncopied = without_secrets(merged, secret_names(models))
    members = _members(lab)
    shared, own = _factored(uncopied.data, members)
    of_groups = {
        _GROUP_DATA / f"{group}.py": _data_text(group, data) for group, data in shared.items()
    }
    files = {_LAB: _lab_text(str(lab.path), own, members)} | of_groups
    return OwnForm(tuple(members), files, uncopied.variables, uncopied.masked)


def files_to_write(form: OwnForm, directory: Path) -> dict[Path, str]:
    """Return each file to be written; data of the same groups that is there becomes empty.

    Raise UsageProblem where further group data would be merged with what is written.
    """
    beside = directory / "group_data"
    if any(beside.glob("*.py")):
        raise UsageProblem(
            "its data would be merged with what is written",
            place=str(beside),
            remedy="name another directory: deeprig init --from SOURCE DIRECTORY",
        )
    files = {directory / path: text for path, text in form.files.items()}
    for group in (*form.groups, _LAB.stem):
        path = directory / _GROUP_DATA / f"{group}.py"
        if path.exists():
            files.setdefault(path, _data_text(group, {}))
    return files


def _members(lab: Lab) -> dict[str, tuple[str, ...]]:
    """Return the groups under names that Python and pyinfra accept, in the order they appear."""
    found: dict[str, list[str]] = {}
    for host in lab.read:
        for group in host.groups:
            found.setdefault(group, []).append(host.name)
    names: dict[str, tuple[str, ...]] = {}
    for group, hosts in found.items():
        names[_identifier(group, names)] = tuple(hosts)
    return names


def _identifier(group: str, taken: Iterable[str]) -> str:
    name = re.sub(r"\W", "_", group, flags=re.ASCII).lstrip("_")
    if not name.isidentifier() or keyword.iskeyword(name) or name in _RESERVED:
        name = f"group_{name}"
    free, number = name, 2
    while free in taken:
        free, number = f"{name}_{number}", number + 1
    return free


def _factored(
    data: Mapping[str, Mapping[str, Any]], members: Mapping[str, tuple[str, ...]]
) -> tuple[dict[str, dict[str, Any]], dict[str, dict[str, Any]]]:
    """Return the data of groups, and what is left of each host's own."""
    everybody = {_ALL: tuple(data)}
    several = {g: hosts for g, hosts in members.items() if len(hosts) > 1}
    largest_first = dict(sorted(several.items(), key=lambda item: (-len(item[1]), item[0])))
    shared: dict[str, dict[str, Any]] = {_ALL: {}}
    left = {host: dict(values) for host, values in data.items()}
    for group, hosts in (everybody | largest_first).items():
        for key in sorted(_agreed(data, hosts)):
            if any(key in left[host] for host in hosts):
                shared.setdefault(group, {})[key] = data[hosts[0]][key]
                for host in hosts:
                    left[host].pop(key, None)
    return shared, left


def _agreed(data: Mapping[str, Mapping[str, Any]], hosts: tuple[str, ...]) -> set[str]:
    first = data[hosts[0]]
    return {
        key
        for key, value in first.items()
        if key not in _OF_ONE_HOST
        and all(key in data[host] and data[host][key] == value for host in hosts)
    }


def _lab_text(
    source: str, own: Mapping[str, Mapping[str, Any]], members: Mapping[str, tuple[str, ...]]
) -> str:
    everybody = _identifier("machines", members)
    lines = [
        f'"""The machines of this lab, as `deeprig init --from` found them in {_told(source)}.',
        "",
        f"{everybody} lists them with what is theirs alone; the other lists are groups. What all,",
        'or all of a group, have in common stands in group_data/."""',
        "",
        f"{everybody} = [",
    ]
    for host, data in own.items():
        entry = f"({literal(host)}, {literal(data, 1, len(host) + 6)})" if data else literal(host)
        lines.append(f"    {entry},")
    lines.append("]")
    for group, hosts in members.items():
        lines += ["", f"{group} = {literal(list(hosts), 0, len(group) + 3)}"]
    return "\n".join(lines) + "\n"


def _told(source: str) -> str:
    """Return a source's name as a docstring can hold it, without the query of a URL."""
    return source.partition("?")[0].replace("\\", "/").replace('"', "'")


def _data_text(group: str, data: Mapping[str, Any]) -> str:
    whose = "all machines" if group == _ALL else f"the machines of {group}"
    lines = [f'"""What {whose} have in common. Names that start with "_" are yours."""']
    for key, value in sorted(data.items()):
        lines += ["", f"{key} = {literal(value, 0, len(key) + 3)}"]
    return "\n".join(lines) + "\n"
