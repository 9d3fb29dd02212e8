"""What a backup server's last prune of its clients' repositories did."""

from __future__ import annotations

from typing import Any

from deeprig_host.backup_server.config import read_server
from deeprig_host.backup_server.places import CONFIG_FILE, PRUNE_FILE
from deeprig_host.backup_server.told import SCHEMA
from deeprig_host.machine.commands import Machine
from deeprig_host.machine.ini import BadConfiguration
from deeprig_host.metrics import backup_names as names
from deeprig_host.metrics.json_files import json_file, number, text
from deeprig_host.metrics.part import PartFailed
from deeprig_host.metrics.samples import Samples


def read(machine: Machine, samples: Samples) -> None:
    """Add how it ended for each client that is pruned here. Raise PartFailed, OSError."""
    if not machine.path(CONFIG_FILE).exists():
        return
    try:
        pruned = {client.name for client in read_server(machine).pruned}
    except BadConfiguration as bad:
        raise PartFailed(f"{bad.problems[0].place}: {bad.problems[0].reason}") from bad
    if not pruned:
        return
    declared = machine.path(CONFIG_FILE).stat().st_mtime
    told = json_file(machine, PRUNE_FILE, SCHEMA)
    if told is None:
        samples.add(names.PRUNE_TIME, declared)
        return
    clients = told.get("clients")
    if not isinstance(clients, list):
        raise PartFailed(f"{PRUNE_FILE}: no list of clients")
    found = {_add(samples, pruned, client) for client in clients}
    last = number(told, "time")
    if last is not None and not pruned <= found:
        last = min(last, declared)  # one of which nothing is told waits since it was declared
    samples.add(names.PRUNE_TIME, last)


def _add(samples: Samples, pruned: set[str], told: Any) -> str:
    """Add how it ended for one client, and return its name."""
    if not isinstance(told, dict):
        raise PartFailed(f"{PRUNE_FILE}: a client that is no object")
    name, outcome = text(told, "client"), text(told, "outcome")
    if outcome not in names.PRUNE_OUTCOMES:
        raise PartFailed(f"{PRUNE_FILE}: no outcome {outcome!r:.40}")
    if name in pruned:  # one that was taken off the list says nothing any more
        samples.choose(names.PRUNE_OUTCOME, outcome, name)
        samples.add(names.PRUNE_SNAPSHOTS, number(told, "snapshots"), name)
    return name
