"""Fans of the case: lm-sensors' modules and fancontrol, with what was declared for this machine.

sensors-detect is never run: it writes to buses on the chance that a sensor answers, and a person
who knows the board should watch it (sensors-detect(8)).
"""

from __future__ import annotations

from collections.abc import Callable

from pyinfra.api.host import Host
from pyinfra.context import ctx_host
from pyinfra.operations import files, server, systemd

from deeprig.role import RoleContext
from deeprig.tasks import changed, install_packages, place_template
from deeprig.tasks.left_undone import NewerFiles
from roles.cooling.facts import OwnFancontrol, ServiceState, UnitState
from roles.cooling.say_why import or_say_why
from roles.cooling.settings import CoolingSettings

MODULES_FILE = "/etc/modules-load.d/deeprig-sensors.conf"
FANCONTROL_FILE = "/etc/fancontrol"
FANCONTROL = "fancontrol.service"
#: fancontrol(8) writes it at its start.
_RUNNING_SINCE = "/var/run/fancontrol.pid"


def drive_chassis_fans(context: RoleContext[CoolingSettings]) -> None:
    """Load the declared sensors' modules, and have fancontrol run with the declared text."""
    install_packages(("lm-sensors", "fancontrol"))
    modules = place_template(context, MODULES_FILE, name="Load the sensors' modules at boot")
    server.shell(
        name="Load the sensors' modules",
        commands=["systemctl restart systemd-modules-load.service"],
        _if=changed(modules),
    )
    placed = place_template(context, FANCONTROL_FILE, name="Configure the fans of the case")
    _run_fancontrol(changed(placed))


def _run_fancontrol(is_changed: Callable[[], bool]) -> None:
    """Have fancontrol run with what is placed, now and after every boot."""
    host: Host = ctx_host.get()

    def is_idle() -> bool:
        state: UnitState = host.get_fact(ServiceState, unit=FANCONTROL)
        return not (state.is_running and state.enabled == "enabled")

    def is_outdated() -> bool:
        older = host.get_fact(NewerFiles, files=(FANCONTROL_FILE,), than=_RUNNING_SINCE)
        return not is_idle() and (is_changed() or bool(older))

    server.shell(
        name="Restart fancontrol with what was placed",
        commands=[_and_run(f"systemctl restart {FANCONTROL}")],
        _if=is_outdated,
    )
    server.shell(
        name="Start fancontrol",
        commands=[_and_run(f"systemctl enable --now {FANCONTROL}")],
        _if=is_idle,
    )


def _and_run(command: str) -> str:
    # A unit whose conditions do not hold is skipped, which systemctl calls a success.
    return or_say_why(f"{command} && systemctl is-active --quiet {FANCONTROL}", FANCONTROL)


def leave_chassis_fans() -> None:
    """Stop what this role started, and leave a fancontrol of somebody else's alone."""
    host: Host = ctx_host.get()
    # Nothing else in a run changes the answer: only what follows removes the file.
    if not host.get_fact(OwnFancontrol, file=FANCONTROL_FILE):
        return
    systemd.service(name="Stop fancontrol", service=FANCONTROL, running=False, enabled=False)
    for path in (FANCONTROL_FILE, MODULES_FILE):
        files.file(name="Leave the fans of the case to the mainboard", path=path, present=False)
