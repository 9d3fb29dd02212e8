"""What every host has: its numbers at node_exporter, and the service that collects them."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import replace

from pyinfra.api.command import StringCommand
from pyinfra.api.host import Host
from pyinfra.api.operation import operation
from pyinfra.context import ctx_host
from pyinfra.operations import files, server, systemd

from deeprig.engine.remarks import explain
from deeprig.inventory.model import DeclaredHost
from deeprig.role import RoleContext
from deeprig.tasks import changed, install_packages, place_template
from deeprig.tasks.host_environment import needs_restart, place_host_environment
from deeprig.tasks.left_undone import StaleUnits, runs_since_before
from roles.monitoring.settings import LOOPBACK, Address, MonitoringSettings
from roles.monitoring.watched import exporter_listens, settings_of

PACKAGE = "prometheus-node-exporter"
EXPORTER = f"{PACKAGE}.service"
COLLECTOR = "deeprig-metrics.service"
UNIT_DIRECTORY = "/etc/systemd/system"
STATUS_DIRECTORY = "/var/lib/deeprig/status"
DROP_IN = "80-deeprig.conf"


def drop_in(unit: str) -> str:
    """Return where deeprig says what is different about a unit of a package."""
    return f"{UNIT_DIRECTORY}/{unit}.d/{DROP_IN}"


def exporter_context(
    context: RoleContext[MonitoringSettings], hosts: tuple[DeclaredHost, ...]
) -> RoleContext[MonitoringSettings]:
    """Return the context with the address that the host's exporter listens on, as decided."""
    settings = context.settings
    listen = exporter_listens(context.host_name, {h.name: settings_of(h) for h in hosts})
    exporter = settings.exporter.model_copy(update={"listen": listen})
    return replace(context, settings=settings.model_copy(update={"exporter": exporter}))


def place_exporter(context: RoleContext[MonitoringSettings]) -> None:
    """Have node_exporter where it was declared, and the collector writing for it."""
    place_host_environment(context)
    # Before the package, which starts its service at once: it would be open to everybody.
    exporter = context.settings.exporter
    tell_who_listens(
        name="See who can ask node_exporter",
        what="node_exporter",
        listens=exporter.listen or LOOPBACK,
        port=exporter.port,
    )
    moved = place_template(context, drop_in(EXPORTER), name="Set where node_exporter listens")
    install_packages((PACKAGE,))
    directory = files.directory(
        name="Make the directory of textfile metrics",
        path=str(context.settings.textfile_directory),
        user="root",
        group="root",
        mode="755",
    )
    files.directory(name="Make the directory of statuses", path=STATUS_DIRECTORY, mode="755")
    unit = place_template(
        context, f"{UNIT_DIRECTORY}/{COLLECTOR}", name="Place the unit of the collector"
    )
    run_as_placed(EXPORTER, (drop_in(EXPORTER),), changed(moved, directory))
    placed, has_other_programs = changed(unit), needs_restart(context, COLLECTOR)
    run_as_placed(
        COLLECTOR,
        (f"{UNIT_DIRECTORY}/{COLLECTOR}",),
        lambda: placed() or has_other_programs(),
    )


@operation()
def tell_who_listens(
    what: str, listens: Address, port: int
) -> Generator[StringCommand, None, None]:
    """Say in the plan and the report that a port is open to more than the machine itself."""
    if not listens.is_loopback:
        at = "every address" if listens.is_unspecified else str(listens)
        explain(
            f"{what} answers everybody who reaches port {port} of {at}: it asks for no password; "
            "whom a firewall lets in is not this role's"
        )
    ctx_host.get().noop("nothing to change: it only tells")
    yield from ()


def run_as_placed(
    unit: str,
    sources: tuple[str, ...],
    moved: Callable[[], bool],
    also: tuple[str, ...] = (),
) -> None:
    """Have a unit enabled and running, with what its files say now; ``also`` are units it starts.

    Restarted where ``moved`` holds, and where the host shows that it runs since before they were
    changed: a run was cut before it got here.
    """
    host: Host = ctx_host.get()
    server.shell(
        name="Let systemd read a changed unit",
        commands=["systemctl daemon-reload"],
        _if=lambda: moved() or bool(host.get_fact(StaleUnits, units=(unit, *also))),
    )
    server.shell(
        name="Restart what was changed",
        commands=[f"systemctl try-restart {unit}"],
        _if=lambda: moved() or runs_since_before(unit, *sources),
    )
    systemd.service(name="Start a unit", service=unit, running=True, enabled=True)
