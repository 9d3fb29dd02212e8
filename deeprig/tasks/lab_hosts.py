"""The other hosts of the inventory: what a role that serves a whole lab is told of them."""

from __future__ import annotations

from typing import Any

from pyinfra.api.host import Host
from pyinfra.context import ctx_host, ctx_state

from deeprig.errors import DeclarationRefused
from deeprig.inventory.merge import merge_levels
from deeprig.inventory.model import DeclaredHost
from deeprig.inventory.read import levels_of
from deeprig.inventory.validate import validate_host
from deeprig.role import RoleContext


def hosts_with_role(context: RoleContext[Any], role: str = "") -> tuple[DeclaredHost, ...]:
    """Return every host of the inventory that has a role, in the inventory's order.

    The role is the context's own, where no other is named.

    A host that lists no roles has all of the deploy script's, so this role too. Whether this run
    was narrowed to some hosts does not matter. Raise DeclarationRefused for a host whose data is
    wrong (under pyinfra's own command line, where nobody has looked before).
    """
    lab = getattr(ctx_state.get(), "lab", None)
    hosts = tuple(lab.hosts) if lab is not None else _validated(context)
    wanted = role or context.role
    return tuple(host for host in hosts if host.roles is None or wanted in host.roles)


def _validated(context: RoleContext[Any]) -> tuple[DeclaredHost, ...]:
    host: Host = ctx_host.get()
    found = []
    for other in host.inventory:
        groups = tuple(dict.fromkeys(other.groups))
        merged = merge_levels(levels_of(host.inventory, other.name, groups))
        declared, problems = validate_host(
            other.name, groups, merged, context.content, context.lab_directory
        )
        if declared is None:
            raise DeclarationRefused(problems)
        found.append(declared)
    return tuple(found)
