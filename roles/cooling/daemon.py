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
from deeprig.tasks.checked_files import STAGED, CheckedFile, checked_files, rendered
from deeprig.tasks.host_environment import (
    ENVIRONMENT_PYTHON,
    needs_restart,
    place_host_environment,
)
from deeprig.tasks.left_undone import NewerFiles, StaleUnits
from roles.cooling.configuration import CONFIGURATION
from roles.cooling.facts import ConfiguredPower, ServiceState, UnitState
from roles.cooling.rivals import FanMasters, OtherFanMasters
from roles.cooling.say_why import or_say_why
from roles.cooling.settings import CoolingSettings

SERVICE = "deeprig-cooling.service"
_DIRECTORY, _, _FILE = CONFIGURATION.rpartition("/")
UNIT_FILE = f"/etc/systemd/system/{SERVICE}"
#: Touched by the unit before each start (ExecStartPre).
STARTED = "/run/deeprig/cooling/started"
STATUS = "/run/deeprig/cooling/status.json"
#: Sets the limits that the role nvidia_driver declares, once.
_DRIVERS_LIMITS = "deeprig-nvidia-power.service"


def run_daemon(context: RoleContext[CoolingSettings]) -> None:
    """Place environment, configuration and unit; have the daemon run what is placed."""
    place_host_environment(context)
    if not context.settings.sets_power:
        # Before the file says nothing of power any more: a cut run is repeated by the next one.
        _give_power_back(context, when=_says_power)
    configured = checked_files(
        name="Configure the cooling",
        directory=_DIRECTORY,
        wanted=(CheckedFile(_FILE, rendered(context, CONFIGURATION)),),
        check=(
            ENVIRONMENT_PYTHON,
            "-I",
            "-m",
            "deeprig_host.cooling",
            "check",
            f"{STAGED}/{_FILE}",
        ),
    )
    unit = place_template(context, UNIT_FILE, name="Place the unit of the cooling daemon")
    systemd.daemon_reload(
        name="Let systemd read the cooling daemon's unit", _if=_is_unit_unread(changed(unit))
    )
    # Up to here a running daemon cools with what it had.
    server.shell(
        name="Restart the cooling daemon with what was placed",
        commands=[or_say_why(f"systemctl try-restart {SERVICE}", SERVICE)],
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
        yield StringCommand(or_say_why(f"systemctl enable --now {SERVICE}", SERVICE))
        return
    host.noop("the cooling daemon is at work, or masked")


def remove_daemon(context: RoleContext[CoolingSettings]) -> None:
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
    _give_power_back(context, when=_is_unit_known)
    removed = [
        files.file(name="Remove the cooling's configuration", path=path, present=False)
        for path in (CONFIGURATION, UNIT_FILE)
    ]
    systemd.daemon_reload(
        name="Let systemd forget the cooling daemon", _if=_is_unit_unread(changed(*removed))
    )


def _give_power_back(context: RoleContext[CoolingSettings], when: Callable[[], bool]) -> None:
    """Put the cards' own limits back, then those that the driver's role declares."""
    commands = [f"{ENVIRONMENT_PYTHON} -I -m deeprig_host.cooling restore --power"]
    if getattr(context.settings_of.get("nvidia_driver"), "power_limits", ()):
        commands.append(f"systemctl try-restart {_DRIVERS_LIMITS}")
    # Fans are given back too; a daemon that runs has them again within a turn.
    server.shell(name="Give power limits back to the cards", commands=commands, _if=when)


def _says_power() -> bool:
    host: Host = ctx_host.get()
    return bool(host.get_fact(ConfiguredPower, file=CONFIGURATION))


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
