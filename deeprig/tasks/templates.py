"""Place a template of a role on the host, at the path where it lies in ``templates/<role>/``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pyinfra.api.operation import OperationMeta
from pyinfra.operations import files

from deeprig.role import RoleContext
from deeprig.tasks.closed_files import closed_template, is_closed


def place_template(
    context: RoleContext[Any],
    lands_at: str,
    *,
    name: str,
    dest: str | None = None,
    mode: str = "644",
    when: Callable[[], bool] | None = None,
) -> OperationMeta:
    """Render a template of the context's role to ``lands_at``, owned by root.

    ``dest`` is where it goes on a host that keeps it elsewhere (a configurable prefix).
    ``name`` is the operation's constant name; ``mode`` is octal text; ``when`` is a condition.
    What others may not read by its mode they cannot read while it is placed, either.
    """
    src = str(context.content.template(context.role, lands_at))
    dest = dest or lands_at
    data = {
        "settings": context.settings,
        "host_name": context.host_name,
        "facts": context.facts,
        "network": context.network,
    }
    if is_closed(mode):
        return closed_template(name=name, src=src, dest=dest, mode=mode, data=data, _if=when)
    return files.template(
        name=name, src=src, dest=dest, user="root", group="root", mode=mode, _if=when, **data
    )
