"""The daemon on the host: placed, started, restarted when what runs is older than what is placed.

A run that is cut between placing and restarting leaves nothing to remember: the next one compares
the unit's own mark of its start with the files (deeprig.tasks.left_undone).
"""

from __future__ import annotations

from collections.abc import Callable, Generator

from pyinfra.api.command import StringCommand
from pyinfra.api.host import Host
from pyinfra.api.operation import operation
from pyinfra.context import ctx_host
from pyinfra.operations import files, server, systemd

from deeprig.engine.remarks import explain
from deeprig.role import RoleContext
from deeprig.tasks import changed, place_template
from deeprig.tasks.host_environment import (
    ENVIRONMENT_PYTHON,
    needs_restart,
    place_host_environment,
)
from deeprig.tasks.left_undone import NewerFiles, StaleUnits
from roles.cooling.configuration import CONFIGURATION
from roles.cooling.facts import ServiceState, UnitState
from roles.cooling.rivals import FanMasters, OtherFanMasters
from roles.cooling.settings import CoolingSettings

SERVICE = "deeprig-cooling.service"
UNIT_FILE = f"/etc/systemd/system/{SERVICE}"
#: Touched by the unit before each start (ExecStartPre).
STARTED = "/run/deeprig/cooling/started"
STATUS = "/run/deeprig/cooling/status.json"
HISTORY_DIRECTORY = "/var/lib/deeprig/cooling"


def run_daemon(context: RoleContext[CoolingSettings]) -> None:
    """Place environment, configuration and unit; have the daemon run what is placed."""
    place_host_environment(context)
    configured = place_template(context, CONFIGURATION, name="Configure the cooling")
    unit = place_template(context, UNIT_FILE, name="Place the unit of the cooling daemon")
    systemd.daemon_reload(
        name="Let systemd read the cooling daemon's unit", _if=_is_unit_unread(changed(unit))
    )
    # Up to here a running daemon cools with what it had.
    server.shell(
        name="Restart the cooling daemon with what was placed",
        commands=[f"systemctl try-restart {SERVICE}"],
        _if=_is_outdated(changed(configured, unit), needs_restart(context, SERVICE)),
    )
    daemon_at_work(name="Start the cooling daemon")


@operation()
def daemon_at_work() -> Generator[StringCommand, None, None]:
    """Have the daemon run now and after every boot, and tell who could set fans beside it."""
    host: Host = ctx_host.get()
    masters: FanMasters = host.get_fact(OtherFanMasters)
    if masters.may_x_users_set_fans:
        explain(
            f"an X server has Coolbits {masters.coolbits}: whoever sets fans in nvidia-settings "
            "works against the daemon; leave out bit 4 of Coolbits"
        )
    state: UnitState = host.get_fact(ServiceState, unit=SERVICE)
    if state.load == "masked":
        explain(f"{SERVICE} is masked on this host, and stays so")
    elif not (state.is_running and state.enabled == "enabled"):
        yield StringCommand("systemctl", "enable", "--now", SERVICE)
        return
    host.noop("the cooling daemon is at work, or masked")


def remove_daemon() -> None:
    """Stop the daemon, which gives the fans back; put power limits back; remove what it had.

    The history stays: it is the machine's, not the daemon's.
    """
    systemd.service(
        name="Stop the cooling daemon",
        service=SERVICE,
        running=False,
        enabled=False,
        _if=_is_unit_known,
    )
    server.shell(
        name="Give power limits back to the cards",
        commands=[f"{ENVIRONMENT_PYTHON} -m deeprig_host.cooling restore --power"],
        _if=_is_unit_known,
    )
    removed = [
        files.file(name="Remove the cooling's configuration", path=path, present=False)
        for path in (CONFIGURATION, UNIT_FILE)
    ]
    systemd.daemon_reload(name="Let systemd forget the cooling daemon", _if=changed(*removed))


def _is_unit_known() -> bool:
    host: Host = ctx_host.get()
    state: UnitState = host.get_fact(ServiceState, unit=SERVICE)
    return state.is_known


def _is_unit_unread(is_changed: Callable[[], bool]) -> Callable[[], bool]:
    host: Host = ctx_host.get()
    return lambda: is_changed() or bool(host.get_fact(StaleUnits, units=(SERVICE,)))


def _is_outdated(
    is_changed: Callable[[], bool], has_old_environment: Callable[[], bool]
) -> Callable[[], bool]:
    """Return a condition: does the daemon run with older files than those that are placed?"""
    host: Host = ctx_host.get()
    read = (CONFIGURATION, UNIT_FILE)

    def is_outdated() -> bool:
        state: UnitState = host.get_fact(ServiceState, unit=SERVICE)
        if not state.is_running:
            return False  # it starts below, with what is placed
        newer = host.get_fact(NewerFiles, files=read, than=STARTED)
        return is_changed() or bool(newer) or has_old_environment()

    return is_outdated
