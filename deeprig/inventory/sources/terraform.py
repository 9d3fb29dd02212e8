"""Read hosts from an output of Terraform, or OpenTofu: ``terraform output -json``.

The output is the one named after ``#``, or else ``deeprig_hosts``: no other is guessed at. It is a
list of objects, a map from names to objects, or a map from names to addresses.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from deeprig.errors import Problem
from deeprig.inventory.merge import Level
from deeprig.inventory.read import did_you_mean
from deeprig.inventory.sources.asking import answer_of
from deeprig.inventory.sources.gathered import (
    Gathered,
    GatheredHost,
    Note,
    raise_if_any,
    refuse,
)
from deeprig.inventory.sources.reading import json_of, text_of
from deeprig.inventory.sources.settings_names import CONNECTION

DEFAULT_OUTPUT = "deeprig_hosts"
_PROGRAMS = ("terraform", "tofu")
#: Where an object says its address, when it has no ``address``. The first that is there counts.
_ADDRESSES = ("address", "ip", "public_ip", "private_ip")
_OWN, _NAME, _GROUPS = "deeprig", "name", "groups"
_EXAMPLE = (
    'output "deeprig_hosts" { value = [{ name = "rig1", address = "192.0.2.1", '
    'groups = ["gpu"], deeprig = { gpu_count = 2 } }] }'
)


def read_terraform(path: Path, output: str | None) -> Gathered:
    """Return the hosts of an output. Raise InventoryProblem.

    ``path``: a file that ``terraform output -json`` wrote, or the directory to run it in.
    """
    if path.is_dir():
        place = f"{path}: output -json"
        text = answer_of([_program(path), f"-chdir={path}", "output", "-json"], place)
    else:
        place, text = str(path), text_of(path)
    outputs = json_of(text, place)
    if not isinstance(outputs, dict):
        raise refuse(place, "the outputs of Terraform are a JSON object", "terraform output -json")
    name = output or DEFAULT_OUTPUT
    value = _value_of(outputs, name, place)
    entries = tuple(_entries(value, f"{place}: {name}"))
    raise_if_any(problem for _, _, found in entries for problem in found)
    ignored = sorted({key for _, unread, _ in entries for key in unread})
    told = f"left alone, as no setting of deeprig's: {', '.join(ignored)}"
    notes = (Note(f"{place}: {name}", told, is_detail=True),) if ignored else ()
    return Gathered(tuple(host for host, _, _ in entries if host is not None), notes)


def _program(path: Path) -> str:
    for name in _PROGRAMS:
        found = shutil.which(name)
        if found:
            return found
    remedy = "install one, or write the outputs to a file: terraform output -json > hosts.json"
    raise refuse(path, f"neither {' nor '.join(_PROGRAMS)} is installed here", remedy)


def _value_of(outputs: dict[str, Any], name: str, place: str) -> Any:
    if name not in outputs:
        if not outputs:
            raise refuse(place, "there are no outputs; was it applied?", _EXAMPLE)
        hint = did_you_mean(name, tuple(outputs)) or ""
        remedy = f"name one: -i terraform:PLACE#NAME ({hint}), or write {_EXAMPLE}"
        raise refuse(place, f"there is no output {name!r}", remedy)
    held = outputs[name]
    if not isinstance(held, dict) or "value" not in held:
        raise refuse(f"{place}: {name}", "an output holds a 'value'", "terraform output -json")
    return held["value"]


_Entry = tuple[GatheredHost | None, tuple[str, ...], tuple[Problem, ...]]


def _entries(value: Any, place: str) -> Iterator[_Entry]:
    if isinstance(value, list):
        for position, item in enumerate(value):
            yield _entry(None, item, f"{place}[{position}]")
    elif isinstance(value, dict):
        for name, item in value.items():
            yield _entry(name, item, f"{place}.{name}")
    else:
        raise refuse(place, "hosts are a list of objects, or a map from names", _EXAMPLE)


def _entry(name: str | None, item: Any, place: str) -> _Entry:
    if isinstance(item, str) and name is not None:
        item = {"address": item}
    if not isinstance(item, dict):
        return None, (), (Problem(place, f"{item!r} is no host", _EXAMPLE),)
    data, groups, own = dict(item), item.get(_GROUPS) or [], item.get(_OWN) or {}
    host = name or data.get(_NAME)
    problems = []
    if not isinstance(host, str) or not host:
        problems.append(Problem(place, "the host has no name", 'give it name = "rig1"'))
    if not isinstance(groups, list) or not all(isinstance(g, str) for g in groups):
        problems.append(Problem(f"{place}.groups", "groups are a list of names"))
    if not isinstance(own, dict):
        problems.append(Problem(f"{place}.deeprig", "deeprig is an object of settings"))
    if problems:
        return None, (), tuple(problems)
    levels = tuple(_levels(data, own, place))
    read = (_NAME, _GROUPS, _OWN, *_ADDRESSES, *CONNECTION)
    unread = tuple(key for key in data if key not in read)
    return GatheredHost(str(host), tuple(dict.fromkeys(groups)), levels), unread, ()


def _levels(data: dict[str, Any], own: dict[str, Any], place: str) -> Iterator[Level]:
    address = next((key for key in _ADDRESSES if data.get(key)), None)
    if address is not None:
        yield Level(f"{place}.{address}", {"ssh_hostname": data[address]})
    for key, setting in CONNECTION.items():
        if key not in _ADDRESSES and data.get(key) is not None:
            yield Level(f"{place}.{key}", {setting: data[key]})
    for key, value in own.items():
        if value is not None:  # Terraform's optional attributes are null where they are not given
            yield Level(f"{place}.deeprig.{key}", {key: _given(value)})


def _given(value: Any) -> Any:
    """Return a value without the attributes that were not given."""
    if isinstance(value, dict):
        return {key: _given(item) for key, item in value.items() if item is not None}
    return [_given(item) for item in value] if isinstance(value, list) else value
