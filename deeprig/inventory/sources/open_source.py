"""Read a source by its kind, and make pyinfra's inventory of it."""

from __future__ import annotations

import re
from pathlib import Path

from pyinfra.api.inventory import Inventory

from deeprig.content import Content
from deeprig.errors import Problem
from deeprig.inventory.sources.gathered import Gathered, ReadHost, ReadSource, raise_if_any, refuse
from deeprig.inventory.sources.group_data import read_group_data, stray
from deeprig.inventory.sources.source import Source

_OWN_SSH_CONFIG = Path("~/.ssh/config")
#: Names become arguments of ssh and names of files.
_HOST_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:-]*")


def read_source(source: Source) -> ReadSource:
    """Return the hosts of a source with the data of ``group_data/`` below their own.

    Raise InventoryProblem with every mistake in it; no setting has been judged then.
    """
    if source.kind == "snapshot":
        from deeprig.inventory.sources.snapshot import read_snapshot

        return read_snapshot(source)
    gathered = gather(source)
    _check_names(source, gathered)
    data = read_group_data(source)
    groups = frozenset(group for host in gathered.hosts for group in host.groups)
    notes = (*gathered.notes, *stray(data, source, groups))
    hosts = tuple(
        # The source is closer to its hosts than data that is shared with other inventories.
        ReadHost(h.name, h.groups, (*data.of(h.groups), *h.levels))
        for h in gathered.hosts
    )
    return ReadSource(hosts, notes, source.directory)


def gather(source: Source) -> Gathered:
    """Return what a source itself tells. Raise InventoryProblem with every mistake in it.

    Each reader is loaded only where it is needed: Ansible's brings YAML, NetBox's requests (6 MB).
    """
    match source.kind:
        case "ansible":
            from deeprig.inventory.sources.ansible.read import read_ansible

            return read_ansible(source.path)
        case "csv":
            from deeprig.inventory.sources.csv_table import read_csv
            from deeprig.inventory.sources.settings_names import known_settings

            return read_csv(source.path, known_settings(Content.of(source.directory)))
        case "netbox":
            from deeprig.inventory.sources.netbox import read_netbox

            return read_netbox(source)
        case "ssh" | "ssh-config":
            from deeprig.inventory.sources.ssh_config import read_ssh_config

            if source.kind == "ssh-config":
                return read_ssh_config(source.path)
            return read_ssh_config(_OWN_SSH_CONFIG.expanduser(), (source.place,))
        case "terraform":
            from deeprig.inventory.sources.terraform import read_terraform

            return read_terraform(source.path, source.place.partition("#")[2] or None)
        case "snapshot":
            raise ValueError("a snapshot is read by read_snapshot")


def _check_names(source: Source, gathered: Gathered) -> None:
    if not gathered.hosts:
        left_out = "; ".join(str(n) for n in gathered.notes if not n.is_detail)
        raise refuse(str(source), f"it names no host{f': {left_out}' if left_out else ''}")
    raise_if_any(
        Problem(
            f"{source}: {host.name!r}",
            "this is no name for a host: it has letters, digits and . _ : - only",
            "rename it there; its address is a setting of its own",
        )
        for host in gathered.hosts
        if not _HOST_NAME.fullmatch(host.name)
    )


def pyinfra_inventory(read: ReadSource) -> Inventory:
    """Return pyinfra's inventory of these hosts, without data: that is added once validated."""
    made = Inventory(([host.name for host in read.hosts], {}))
    for host in read.hosts:
        of_pyinfra = made.get_host(host.name)
        for group in host.groups:
            made.groups[group].append(of_pyinfra)
            of_pyinfra.groups.append(group)
    return made
