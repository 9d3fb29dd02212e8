"""Load a whole inventory: read, merge, validate, check keys and templates; contact nobody."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr
from pyinfra.api.inventory import Inventory

from deeprig.content import Content
from deeprig.errors import InventoryProblem, Problem
from deeprig.inventory.keys import key_problems
from deeprig.inventory.merge import merge_levels
from deeprig.inventory.model import DeclaredHost
from deeprig.inventory.read import levels_of, read_inventory
from deeprig.inventory.sources.detect import source_of
from deeprig.inventory.sources.gathered import Note, ReadHost, ReadSource
from deeprig.inventory.sources.open_source import pyinfra_inventory, read_source
from deeprig.inventory.sources.source import Where, directory_of
from deeprig.inventory.trial import template_problems
from deeprig.inventory.validate import validate_host
from deeprig.secrets import commands_run_once

#: With more hosts than this behind one mistake, the message names the first few and a count.
_HOSTS_NAMED = 3
_PATHS = ("ssh_key", "ssh_config_file", "ssh_known_hosts_file")


@dataclass(frozen=True, slots=True)
class Lab:
    """A validated inventory: what is declared, and pyinfra's object for contacting it.

    ``path`` is what ``-i`` named; as text another process finds the same inventory by it.
    ``read`` is what was read before it was judged; ``notes`` what was not taken over, and why.
    """

    path: Where
    directory: Path
    content: Content
    hosts: tuple[DeclaredHost, ...]
    inventory: Inventory
    read: tuple[ReadHost, ...] = ()
    notes: tuple[Note, ...] = ()

    def host(self, name: str) -> DeclaredHost:
        """Return a host by name. Raise KeyError when the inventory does not name it."""
        for host in self.hosts:
            if host.name == name:
                return host
        raise KeyError(name)


def load_lab(where: Where) -> Lab:
    """Return the validated lab of an inventory file, or of a source such as ``netbox:https://``.

    Raise InventoryProblem with every problem of every host at once, each with its place, what was
    expected and a hint; nothing has been contacted by then (but the source itself).
    """
    source = source_of(where)
    if source is not None:
        read = read_source(source)
        inventory = pyinfra_inventory(read)
    else:
        inventory = read_inventory(Path(str(where)))
        read = _own_form(inventory, directory_of(where))
    directory, content = read.directory, Content.of(read.directory)
    hosts, problems = _declared(read, content, directory)
    problems += _shared_addresses(hosts)
    problems += _between_hosts(hosts, content)
    templates: dict[str, tuple[Path, ...]] = {}
    for declared in hosts:
        problems += key_problems(declared, directory)
        problems += template_problems(declared, content, templates)
    if problems:
        raise InventoryProblem(_joined(problems))
    _tell_pyinfra(inventory, hosts, directory)
    return Lab(
        where if source is None else source,
        directory,
        content,
        tuple(hosts),
        inventory,
        read.hosts,
        read.notes,
    )


def _declared(
    read: ReadSource, content: Content, directory: Path
) -> tuple[list[DeclaredHost], list[Problem]]:
    """Return the hosts that are declared well, and what is wrong with the others."""
    hosts: list[DeclaredHost] = []
    problems: list[Problem] = []
    with commands_run_once():
        for host in read.hosts:
            merged = merge_levels(host.levels)
            declared, found = validate_host(host.name, host.groups, merged, content, directory)
            problems += found
            if declared is not None:
                hosts.append(declared)
    return hosts, problems


def _own_form(inventory: Inventory, directory: Path) -> ReadSource:
    """Return what pyinfra read of its own form: a Python file and its group data."""
    hosts = []
    for host in inventory:
        groups = tuple(dict.fromkeys(host.groups))
        hosts.append(ReadHost(host.name, groups, levels_of(inventory, host.name, groups)))
    return ReadSource(tuple(hosts), (), directory)


def _shared_addresses(hosts: list[DeclaredHost]) -> list[Problem]:
    by_address: dict[str, list[str]] = defaultdict(list)
    for host in hosts:
        by_address[host.address].append(host.name)
    return [
        Problem(
            ", ".join(names),
            f"they are one machine ({address}) under {len(names)} names",
            "name each machine once: two runs on one machine would disturb each other",
        )
        for address, names in by_address.items()
        if len(names) > 1
    ]


def _between_hosts(hosts: list[DeclaredHost], content: Content) -> Iterator[Problem]:
    """Yield what roles find wrong between the hosts of one inventory."""
    # A role that cannot be imported has been told by then, and has no settings.
    for name in sorted({name for host in hosts for name in host.role_settings}):
        settings = {h.name: h.role_settings[name] for h in hosts if name in h.role_settings}
        role = content.role(name)
        yield from role.across(settings)
        yield from role.across_roles(tuple(hosts))


def _joined(problems: list[Problem]) -> tuple[Problem, ...]:
    """Say one mistake in a group's data once, with the hosts it concerns."""
    hosts_by_rest: dict[tuple[str, str, str | None], list[str]] = defaultdict(list)
    for problem in problems:
        host, colon, rest = problem.place.partition(": ")
        key = (rest if colon else problem.place, problem.reason, problem.remedy)
        hosts_by_rest[key].append(host if colon else "")
    return tuple(
        Problem(f"{_named(names)}: {rest}" if names[0] else rest, reason, remedy)
        for (rest, reason, remedy), names in hosts_by_rest.items()
    )


def _named(hosts: list[str]) -> str:
    shown = ", ".join(hosts[:_HOSTS_NAMED])
    more = len(hosts) - _HOSTS_NAMED
    return f"{shown} and {more} more" if more > 0 else shown


def _tell_pyinfra(inventory: Inventory, hosts: list[DeclaredHost], directory: Path) -> None:
    """Give pyinfra's host data what was declared of the connection, as it needs it.

    Paths become absolute: they start at the lab directory. Secrets become what they stand for.
    """
    for host in hosts:
        data = inventory.host_data[host.name]
        for key in host.settings.model_fields_set:
            value = getattr(host.settings, key)
            if not key.startswith("ssh_") or value is None:
                continue
            if key in _PATHS:
                data[key] = str(directory / value.expanduser())
            elif isinstance(value, SecretStr):
                data[key] = value.get_secret_value()
            else:
                data.setdefault(key, value)
