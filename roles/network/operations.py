"""The one operation of the network role: a change that is confirmed, or undone by the host."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from io import StringIO
from ipaddress import ip_address
from typing import Any

from pyinfra.api.command import FileUploadCommand
from pyinfra.api.exceptions import OperationError
from pyinfra.api.host import Host
from pyinfra.api.operation import operation
from pyinfra.context import ctx_host

from deeprig.engine.operations import Step
from deeprig.engine.reconnect import Endpoint
from deeprig.engine.remarks import explain
from deeprig.errors import DeclarationRefused, Problem
from deeprig.role import RoleContext
from roles.network.change import change_network, confirm_open_change, put_back_open_change
from roles.network.connection import Incoming, incoming
from roles.network.facts import NetworkObservation
from roles.network.intention import Intention, WantedFile, intend
from roles.network.management import Reached
from roles.network.observed import host_network
from roles.network.settings import NetworkSettings

NetworkContext = RoleContext[NetworkSettings]
#: Phases of an open change whose configuration is, or is about to be, the running one.
_APPLIED = ("applying", "applied")
Commands = Generator[Step, None, None]


@operation()
def network(context: NetworkContext) -> Commands:
    """Have the declared network: written, armed, applied, reached anew, confirmed.

    Raise DeclarationRefused, the host untouched, where the declaration must not be applied.
    """
    observed = observe(context)
    if observed is None:
        raise OperationError("python3 is not installed yet")
    intention, way_in = _intention(context, observed)
    open_change = observed["change"]
    if open_change is not None:
        if not intention.files and open_change["phase"] in _APPLIED:
            explain("an earlier run applied the declared network and did not come to confirm it")
            yield _confirmation(context, open_change["id"])
            return
        explain(f"an earlier network change is open ({open_change['phase']}): it is put back first")
        yield Step(put_back_open_change)
        intention, way_in = _intention(context, observe(context) or observed)
    explain(*intention.notes)
    if intention.files:
        yield _change(context, intention, way_in)
    elif open_change is None:
        ctx_host.get().noop("the network is as declared")


def check_declaration(context: NetworkContext) -> None:
    """Raise DeclarationRefused before anything is done to a host that must not have it."""
    observed = observe(context)
    if observed is not None and observed["change"] is None:
        _intention(context, observed)


def observe(context: NetworkContext) -> Mapping[str, Any] | None:
    """Return a fresh look at the host's network; None without python3."""
    host: Host = ctx_host.get()
    programs = str(context.content.file("host"))
    observed: Mapping[str, Any] | None = host.get_fact(NetworkObservation, programs=programs)
    return observed


def _intention(context: NetworkContext, observed: Mapping[str, Any]) -> tuple[Intention, Incoming]:
    way_in = incoming(observed) or _translated(context)
    host = host_network(observed, is_container=context.facts.is_container)
    return intend(context.host_name, context.settings, observed, host, way_in.reached), way_in


def _translated(context: NetworkContext) -> Incoming:
    """Return the way in where something on the way translates addresses: a stated one decides."""
    stated = context.settings.management_address
    if stated is None:
        raise DeclarationRefused(
            (
                Problem(
                    f"{context.host_name}: network.management_address",
                    "the connection arrives at an address that none of the host's interfaces has "
                    "(something translates it), so it cannot be known whether it would stay",
                    "set it to the address at which the controller finds the host afterwards",
                ),
            )
        )
    return Incoming(Reached(stated, "", is_dynamic=False))


def _confirmation(context: NetworkContext, identity: str) -> Step:
    def confirm() -> None:
        """Confirm the network change that an earlier run applied."""
        confirm_open_change(identity, context.settings.confirm_seconds)

    return Step(confirm)


def _change(context: NetworkContext, intention: Intention, way_in: Incoming) -> Step:
    settings = context.settings
    new = intention.new_address
    order = {
        "kind": "netplan",
        "files": [_ordered(file) for file in intention.files],
        "confirm_seconds": settings.confirm_seconds,
        "expected_addresses": _expected_addresses(settings),
        "expected_gateways": _expected_gateways(settings),
    }
    endpoint = None if new is None else Endpoint(new, way_in.port)

    def change() -> None:
        """Change the network; the host goes back by itself unless it is reached and confirmed."""
        change_network(order, endpoint, settings.confirm_seconds)

    return Step(
        change,
        writes=tuple(
            FileUploadCommand(StringIO(file.content or ""), file.path) for file in intention.files
        ),
    )


def _ordered(file: WantedFile) -> dict[str, Any]:
    return {"path": file.path, "content": file.content, "mode": file.mode}


def _expected_addresses(settings: NetworkSettings) -> list[str]:
    """Return the static addresses that a confirmed host must have.

    Those of a device that may be absent (optional) are not among them.
    """
    return [a for _, device in settings.devices if not device.optional for a in device.addresses]


def _expected_gateways(settings: NetworkSettings) -> list[str]:
    """Return the gateways of static default routes: one that is silent is a mistake.

    A link-local one (fe80::1) is not asked for: it is many machines' address, one on each link.
    """
    return list(
        dict.fromkeys(
            route.via
            for _, device in settings.devices
            if not device.optional
            for route in device.routes
            if route.is_default and not ip_address(route.via).is_link_local
        )
    )
