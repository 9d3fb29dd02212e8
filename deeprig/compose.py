"""What a deploy script calls: put roles in order and register their operations for this host.

It works under ``deeprig apply`` and under pyinfra's own command line
(``pyinfra inventory/lab.py deploy/workstation.py``): there the settings are validated here.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from pyinfra import context
from pyinfra.api.exceptions import PyinfraError
from pyinfra.api.host import Host

from deeprig.content import Content
from deeprig.engine.host_lock import HostLock
from deeprig.engine.left_running import LeftRunning
from deeprig.errors import DeclarationRefused, InventoryProblem
from deeprig.facts import SUPPORTED_RELEASES, HostFacts, Machine
from deeprig.inventory.merge import merge_levels
from deeprig.inventory.model import DeclaredHost
from deeprig.inventory.read import levels_of
from deeprig.inventory.validate import validate_host
from deeprig.role import AnyRole, RoleContext
from deeprig.selection import Selection
from deeprig.transport.ahead import end_reading, read_ahead
from deeprig.update_request import NO_UPDATE, UpdateRequest


class DeployRefused(PyinfraError):
    """A host must not be changed by these roles, and why."""


def deploy_roles(*names: str) -> None:
    """Register the operations of the named roles for the host in context, in dependency order.

    A host that lists its own ``roles`` gets those (its further ones after the named); roles that
    do not apply to the host's facts are left out. Raise DeployRefused on an unsupported host.
    """
    host: Host = context.ctx_host.get()
    content, declared, selection, directory = _declaration(host)
    if getattr(context.ctx_state.get(), "lab", None) is None:
        _refuse_when_busy(host, sudo=declared.needs_sudo)
    # Every operation and every fact of this host, also those asked for inside callbacks.
    if getattr(host.data, "_sudo", None) is None:
        host.data._sudo = declared.needs_sudo
    facts = _facts(host)
    update = getattr(context.ctx_state.get(), "update", NO_UPDATE)
    roles = in_order([content.role(name) for name in wanted_roles(names, declared.roles)])
    roles = [role for role in roles if role.applies(facts, declared.role_settings[role.name])]
    of_host = tuple(role.name for role in roles)
    wanted = [
        (role, role_context(role, declared, facts, content, directory, update, of_host))
        for role in roles
        if selection.allows(role.name)
    ]
    read_ahead(host, [partial(role.asks_first, of_role) for role, of_role in wanted])
    try:
        for role, of_role in wanted:
            _deploy(role, of_role)
    finally:
        end_reading(host)


def _deploy(role: AnyRole, context_of_role: RoleContext[Any]) -> None:
    try:
        role.deploy(context_of_role)
    except DeclarationRefused as refusal:
        if getattr(context.ctx_state.get(), "lab", None) is not None:
            raise  # under deeprig: the engine ends this host's run
        # pyinfra's own command line prints a traceback for what is not an error of its own.
        raise DeployRefused(str(refusal)) from refusal


def _refuse_when_busy(host: Host, *, sudo: bool) -> None:
    """Raise DeployRefused while a run of deeprig changes the host, or has left work running there.

    pyinfra's own command line tells nobody its end, so that it cannot hold the host itself.
    """
    owner = host.get_fact(HostLock, _sudo=sudo)
    if owner is not None:
        raise DeployRefused(f"a deeprig is changing this host: {owner.told}; wait until it ends")
    works = host.get_fact(LeftRunning, _sudo=sudo)
    if works:
        raise DeployRefused(f"work of an earlier run goes on there: {works[0].told}; wait for it")


def role_context(
    role: AnyRole,
    declared: DeclaredHost,
    facts: HostFacts,
    content: Content,
    lab_directory: Path,
    update: UpdateRequest,
    roles: tuple[str, ...] = (),
) -> RoleContext[Any]:
    """Return what the role's functions get for this host; ``roles`` are known while it deploys."""
    return RoleContext(
        role=role.name,
        settings=declared.role_settings[role.name],
        host_name=declared.name,
        facts=facts,
        content=content,
        lab_directory=lab_directory,
        network=declared.settings.network_access,
        update=update,
        settings_of=declared.role_settings,
        roles=roles,
    )


def wanted_roles(named: tuple[str, ...], declared: tuple[str, ...] | None) -> tuple[str, ...]:
    """Return a host's roles: the deploy script's, narrowed and extended by the host's own list."""
    if declared is None:
        return named
    return (*(n for n in named if n in declared), *(d for d in declared if d not in named))


def in_order(roles: list[AnyRole]) -> list[AnyRole]:
    """Sort roles so that each follows those it is ``after``; otherwise the given order stays."""
    ordered: list[AnyRole] = []
    waiting = list(roles)
    while waiting:
        names = {role.name for role in waiting}
        ready = next((r for r in waiting if not names & set(r.after)), None)
        if ready is None:
            raise DeployRefused(f"roles wait for each other: {', '.join(sorted(names))}")
        ordered.append(ready)
        waiting.remove(ready)
    return ordered


def _declaration(host: Host) -> tuple[Content, DeclaredHost, Selection, Path]:
    state = context.ctx_state.get()
    lab = getattr(state, "lab", None)
    if lab is not None:  # under deeprig: validated before any connection
        return lab.content, lab.host(host.name), state.selection, lab.directory
    directory = Path(state.cwd or ".")
    content = Content.of(directory)
    merged = merge_levels(levels_of(host.inventory, host.name, tuple(dict.fromkeys(host.groups))))
    declared, problems = validate_host(host.name, tuple(host.groups), merged, content, directory)
    if declared is None:
        raise DeployRefused(InventoryProblem(problems).format_message())
    return content, declared, Selection(), directory


def _facts(host: Host) -> HostFacts:
    facts: HostFacts | None = host.get_fact(Machine)
    if facts is None:
        raise DeployRefused("the host told nothing about itself (no /etc/os-release?)")
    if not facts.is_supported:
        known = "; ".join(f"{d} {', '.join(r)}" for d, r in SUPPORTED_RELEASES.items())
        raise DeployRefused(
            f"this host runs {facts.pretty_name or 'an unknown system'}; supported: {known}"
        )
    state = context.ctx_state.get()
    known_facts = getattr(state, "facts", None)
    if known_facts is not None:
        known_facts[host.name] = facts
    return facts
