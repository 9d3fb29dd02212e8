"""The lab as one of its hosts sees it: this machine alone, without a connection to itself.

Only the host's own data is validated, so only its own secrets need be on it.
"""

from __future__ import annotations

import socket
from dataclasses import replace
from pathlib import Path

from pyinfra.connectors.local import LocalConnector

from deeprig.content import Content
from deeprig.errors import InventoryProblem, UsageProblem
from deeprig.inventory.load import Lab
from deeprig.inventory.merge import Level, merge_levels
from deeprig.inventory.place import lab_directory
from deeprig.inventory.read import levels_of, read_inventory
from deeprig.inventory.trial import template_problems
from deeprig.inventory.validate import validate_host


def own_lab(path: Path, name: str | None) -> Lab:
    """Return the lab of an inventory with one host, this machine: ``name``, or its own name.

    Raise UsageProblem for a name that the inventory does not have, InventoryProblem for mistakes.
    """
    inventory = read_inventory(path)
    directory = lab_directory(path)
    content = Content.of(directory)
    found = _own_name(tuple(host.name for host in inventory), name, path)
    host = inventory.get_host(found)
    groups = tuple(dict.fromkeys(host.groups))
    levels = tuple(_without_connection(one) for one in levels_of(inventory, found, groups))
    declared, problems = validate_host(found, groups, merge_levels(levels), content, directory)
    if declared is not None:
        problems += template_problems(declared, content)
    if declared is None or problems:
        raise InventoryProblem(tuple(problems))
    host.connector_cls = LocalConnector
    # Who runs this is root, and needs no sudo to become it.
    settings = declared.settings.model_copy(update={"ssh_user": "root"})
    return Lab(path, directory, content, (replace(declared, settings=settings),), inventory)


def _own_name(names: tuple[str, ...], name: str | None, path: Path) -> str:
    if name is not None:
        if name not in names:
            raise UsageProblem(
                f"{path} names no host {name!r}", place="--host", remedy=f"its hosts: {names}"
            )
        return name
    whole = socket.gethostname()
    for candidate in (whole, whole.partition(".")[0]):
        if candidate in names:
            return candidate
    raise UsageProblem(
        f"{path} names no host {whole!r}, as this machine calls itself",
        place="--host",
        remedy="say which host of the inventory this machine is: --host NAME",
    )


def _without_connection(level: Level) -> Level:
    """Return a level of data without how others reach the host: their keys are not here."""
    kept = {key: value for key, value in level.data.items() if not key.startswith("ssh_")}
    return Level(level.origin, kept)
