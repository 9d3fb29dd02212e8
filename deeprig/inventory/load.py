"""Load a whole inventory: read, merge, validate, check keys and templates; contact nobody."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pyinfra.api.inventory import Inventory

from deeprig.content import Content
from deeprig.errors import InventoryProblem, Problem
from deeprig.inventory.keys import key_problems
from deeprig.inventory.merge import merge_levels
from deeprig.inventory.model import DeclaredHost
from deeprig.inventory.place import lab_directory
from deeprig.inventory.read import levels_of, read_inventory
from deeprig.inventory.trial import template_problems
from deeprig.inventory.validate import validate_host

#: With more hosts than this behind one mistake, the message names the first few and a count.
_HOSTS_NAMED = 3


@dataclass(frozen=True, slots=True)
class Lab:
    """A validated inventory: what is declared, and pyinfra's object for contacting it."""

    path: Path
    directory: Path
    content: Content
    hosts: tuple[DeclaredHost, ...]
    inventory: Inventory

    def host(self, name: str) -> DeclaredHost:
        """Return a host by name. Raise KeyError when the inventory does not name it."""
        for host in self.hosts:
            if host.name == name:
                return host
        raise KeyError(name)


def load_lab(path: Path) -> Lab:
    """Return the validated lab of an inventory file.

    Raise InventoryProblem with every problem of every host at once, each with its place, what was
    expected and a hint; nothing has been contacted by then.
    """
    inventory = read_inventory(path)
    directory = lab_directory(path)
    content = Content.of(directory)
    hosts: list[DeclaredHost] = []
    problems: list[Problem] = []
    for host in inventory:
        groups = tuple(dict.fromkeys(host.groups))
        merged = merge_levels(levels_of(inventory, host.name, groups))
        declared, found = validate_host(host.name, groups, merged, content, directory)
        problems += found
        if declared is not None:
            hosts.append(declared)
    problems += _shared_addresses(hosts)
    problems += _between_hosts(hosts, content)
    for declared in hosts:
        problems += key_problems(declared, directory)
        problems += template_problems(declared, content)
    if problems:
        raise InventoryProblem(_joined(problems))
    _anchor_paths(inventory, hosts, directory)
    return Lab(path, directory, content, tuple(hosts), inventory)


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
        yield from content.role(name).across(settings)


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


def _anchor_paths(inventory: Inventory, hosts: list[DeclaredHost], directory: Path) -> None:
    """Make the SSH file paths of pyinfra's host data absolute: they start at the lab directory."""
    for host in hosts:
        for key in ("ssh_key", "ssh_config_file", "ssh_known_hosts_file"):
            value: Path | None = getattr(host.settings, key)
            if value is not None:
                inventory.host_data[host.name][key] = str(directory / value.expanduser())
