"""Read the machines of a NetBox: asked by URL, or saved to a file.

Devices and virtual machines that are active or staged and have a primary address are hosts. Their
site, role and tags are groups; ``deeprig`` in their configuration context and the custom field of
that name hold settings, the latter being closer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from deeprig.errors import Problem
from deeprig.inventory.merge import Level
from deeprig.inventory.sources.gathered import (
    Gathered,
    GatheredHost,
    Note,
    raise_if_any,
    refuse,
)
from deeprig.inventory.sources.netbox_api import machines
from deeprig.inventory.sources.netbox_settings import settings_of_file, settings_of_url
from deeprig.inventory.sources.reading import json_of, text_of
from deeprig.inventory.sources.source import Source
from deeprig.inventory.sources.yaml_lines import yaml_of

_STATUSES = ("active", "staged")
_OWN = "deeprig"


def read_netbox(source: Source) -> Gathered:
    """Return the machines of a NetBox, or of its saved answer. Raise InventoryProblem."""
    if not source.is_file:
        asked = settings_of_url(source)
        return _gathered(machines(asked, source.directory), str(source))
    path = source.path
    text = text_of(path)
    if path.suffix in (".yml", ".yaml"):
        asked = settings_of_file(yaml_of(text, str(path)), source)
        return _gathered(machines(asked, source.directory), str(path))
    data = json_of(text, str(path))
    if isinstance(data, dict) and data.get("next"):
        reason = "this is one page of several, and further machines are missing"
        raise refuse(path, reason, "save all of them: ...?limit=0")
    results = data.get("results") if isinstance(data, dict) else data
    if not isinstance(results, list):
        raise refuse(path, "a list of NetBox has its machines in 'results'")
    return _gathered(results, str(path))


def _gathered(found: Iterable[Any], place: str) -> Gathered:
    hosts: list[GatheredHost] = []
    notes: list[Note] = []
    problems: list[Problem] = []
    for position, machine in enumerate(found):
        where = f"{place}: {_name(machine) or f'machine {position + 1}'}"
        why = _why_left_out(machine)
        if why is not None:
            notes.append(Note(where, f"left out: {why}"))
            continue
        wrong = tuple(_wrong(machine, where))
        problems += wrong
        if not wrong:
            levels = tuple(_levels(machine, where))
            hosts.append(GatheredHost(_name(machine), tuple(_groups(machine)), levels))
    names = [host.name for host in hosts]
    problems += [
        Problem(f"{place}: {name}", "two machines have this name", "a filter in the URL has one")
        for name in sorted({name for name in names if names.count(name) > 1})
    ]
    raise_if_any(problems)
    return Gathered(tuple(hosts), tuple(notes))


def _name(machine: Any) -> str:
    name = machine.get("name") if isinstance(machine, dict) else None
    return name if isinstance(name, str) else ""


def _why_left_out(machine: Any) -> str | None:
    if not isinstance(machine, dict):
        return "it is no machine"
    status = _of(machine.get("status"), "value")
    if status is not None and status not in _STATUSES:
        return f"its status is {status}"
    if not _name(machine):
        return "it has no name"
    if _address(machine) is None:
        return "it has no primary IP address"
    return None


def _address(machine: dict[str, Any]) -> str | None:
    """Return the primary address without its prefix length."""
    address = _of(machine.get("primary_ip"), "address")
    return address.partition("/")[0] if isinstance(address, str) and address else None


def _of(value: Any, key: str) -> Any:
    return value.get(key) if isinstance(value, dict) else None


def _groups(machine: dict[str, Any]) -> Iterator[str]:
    """Yield the groups, from the general to the specific: site, cluster, role, tags."""
    role = machine.get("role") or machine.get("device_role")  # its name before NetBox 3.6
    named = (("site", machine.get("site")), ("cluster", machine.get("cluster")), ("role", role))
    for prefix, value in named:
        slug = _of(value, "slug") or _of(value, "name")
        if isinstance(slug, str):
            yield f"{prefix}_{slug}"
    for tag in machine.get("tags") or ():
        slug = _of(tag, "slug")
        if isinstance(slug, str):
            yield f"tag_{slug}"


def _own(machine: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for key in ("config_context", "custom_fields"):
        value = _of(machine.get(key), _OWN)
        if value is not None:
            yield f"{key}.{_OWN}", value


def _wrong(machine: dict[str, Any], place: str) -> Iterator[Problem]:
    for key, value in _own(machine):
        if not isinstance(value, dict):
            remedy = 'make it a JSON field: {"gpu_count": 2}'
            yield Problem(f"{place}: {key}", "it is an object of settings", remedy)


def _levels(machine: dict[str, Any], place: str) -> Iterator[Level]:
    yield Level(f"{place}: primary_ip", {"ssh_hostname": _address(machine)})
    for key, value in _own(machine):
        for setting, held in value.items():
            yield Level(f"{place}: {key}.{setting}", {setting: held})
