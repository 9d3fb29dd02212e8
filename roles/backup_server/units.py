"""The units of a backup server: its REST server, and the timer that prunes."""

from __future__ import annotations

from collections.abc import Callable

from pyinfra.api.host import Host
from pyinfra.api.operation import OperationMeta
from pyinfra.context import ctx_host
from pyinfra.facts.files import File
from pyinfra.operations import files, server, systemd

from deeprig.role import RoleContext
from deeprig.tasks import changed, place_template
from deeprig.tasks.host_environment import needs_restart
from deeprig.tasks.left_undone import StaleUnits, runs_since_before
from roles.backup_server.places import (
    CERTIFICATE,
    HTPASSWD,
    PRUNE_SERVICE,
    PRUNE_TIMER,
    REST_SERVICE,
    TLS_KEY,
    UNIT_DIRECTORY,
)
from roles.backup_server.settings import BackupServerSettings

_READ = (HTPASSWD, CERTIFICATE, TLS_KEY)


def serve_rest(
    context: RoleContext[BackupServerSettings], secrets: tuple[OperationMeta, ...]
) -> None:
    """Have the REST server run with what is placed now, and after every boot."""
    file = f"{UNIT_DIRECTORY}/{REST_SERVICE}"
    unit = place_template(context, file, name="Place the unit of the REST server")
    _let_systemd_read(changed(unit), REST_SERVICE)
    moved, is_old = changed(unit, *secrets), needs_restart(context, REST_SERVICE)
    server.shell(
        name="Restart the REST server with what was placed",
        commands=[f"systemctl try-restart {REST_SERVICE}"],
        _if=lambda: moved() or is_old() or runs_since_before(REST_SERVICE, file, *_READ),
    )
    systemd.service(name="Run the REST server", service=REST_SERVICE, running=True, enabled=True)


def prune_by_timer(context: RoleContext[BackupServerSettings]) -> None:
    """Have repositories pruned at the declared time."""
    timer_file = f"{UNIT_DIRECTORY}/{PRUNE_TIMER}"
    timer = place_template(context, timer_file, name="Place the timer of pruning")
    service = place_template(
        context, f"{UNIT_DIRECTORY}/{PRUNE_SERVICE}", name="Place the unit of pruning"
    )
    _let_systemd_read(changed(timer, service), PRUNE_TIMER, PRUNE_SERVICE)
    moved = changed(timer)
    server.shell(
        name="Restart the timer of pruning",
        commands=[f"systemctl try-restart {PRUNE_TIMER}"],
        _if=lambda: moved() or runs_since_before(PRUNE_TIMER, timer_file),
    )
    systemd.service(name="Prune by the clock", service=PRUNE_TIMER, running=True, enabled=True)


def remove_units(*units: str) -> None:
    """Stop units that are declared no more, and remove them; the first of them is what starts."""
    server.shell(
        name="Stop what is declared no more",
        commands=[f"systemctl disable --now {units[0]}"],
        _if=_is_there(f"{UNIT_DIRECTORY}/{units[0]}"),
    )
    removed = [
        files.file(
            name="Remove a unit that is declared no more",
            path=f"{UNIT_DIRECTORY}/{unit}",
            present=False,
        )
        for unit in units
    ]
    _let_systemd_read(changed(*removed), *units)


def _let_systemd_read(moved: Callable[[], bool], *units: str) -> None:
    host: Host = ctx_host.get()
    server.shell(
        name="Let systemd read the units of the backup server",
        commands=["systemctl daemon-reload"],
        _if=lambda: moved() or bool(host.get_fact(StaleUnits, units=units)),
    )


def _is_there(path: str) -> Callable[[], bool]:
    host: Host = ctx_host.get()
    return lambda: bool(host.get_fact(File, path=path))
