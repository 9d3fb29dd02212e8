"""The next-kernel gate on the host: what starts it, and when.

The gate itself is ``driver gate`` of the host programs. It is asked for, never run, by apt
(DPkg::Post-Invoke) and by kernel packages (/etc/kernel/postinst.d, also under a bare ``dpkg -i``):
both only touch a file, so that neither can fail, wait or meet dpkg's lock again. A systemd path
unit sees the file and starts the service, which waits until nobody holds dpkg's locks: only then
are DKMS modules built and prebuilt ones configured. postinst.d alone would ask too early (modules
come after the kernel's own scripts) and miss the removal of a driver. A request that comes while
the gate runs is kept: the file is there again when the service ends. A daily timer, also five
minutes after each boot, covers what neither hook saw.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pyinfra.api.host import Host
from pyinfra.api.operation import OperationMeta
from pyinfra.context import ctx_host
from pyinfra.facts.files import File
from pyinfra.operations import files, server, systemd

from deeprig.role import RoleContext
from deeprig.tasks import changed, place_host_programs, place_template
from deeprig.tasks.host_programs import PROGRAMS
from deeprig.tasks.left_undone import (
    COMMAND_STARTED,
    LastStart,
    SinceLastStart,
    StaleUnits,
    runs_since_before,
)

SERVICE = "deeprig-kernel-gate.service"
#: What starts the service: on request, and once a day.
TRIGGERS = ("deeprig-kernel-gate.path", "deeprig-kernel-gate.timer")
UNITS = (SERVICE, *TRIGGERS)
UNIT_DIRECTORY = "/etc/systemd/system"
WAITER = "/opt/deeprig/maintenance/wait-for-packages"
APT_HOOK = "/etc/apt/apt.conf.d/90deeprig-kernel-gate"
KERNEL_HOOK = "/etc/kernel/postinst.d/zz-deeprig-kernel-gate"
#: What a look is made of and asked by: changed, another one is due.
_PARTS = (
    PROGRAMS,
    WAITER,
    *(f"{UNIT_DIRECTORY}/{unit}" for unit in UNITS),
    KERNEL_HOOK,
    APT_HOOK,
)
#: Asks for a look; a file in /run is gone at the next boot, which looks anyway.
REQUEST = "/run/deeprig-kernel-gate.wanted"


def arm_kernel_gate(context: RoleContext[Any]) -> None:
    """Place programs and units, start the triggers, place the hooks, and ask for a first look."""
    programs = place_host_programs(context)
    waiter = place_template(
        context, WAITER, name="Place what waits for package managers", mode="755"
    )
    placed = [
        place_template(
            context, f"{UNIT_DIRECTORY}/{unit}", name="Place a unit of the next-kernel gate"
        )
        for unit in UNITS
    ]
    _reload_units(placed)
    for trigger, unit in zip(TRIGGERS, placed[1:], strict=True):
        # A timer or path that runs keeps its old times until it is restarted.
        systemd.service(
            name="Restart a changed trigger of the next-kernel gate",
            service=trigger,
            restarted=True,
            _if=_is_outdated(trigger, unit),
        )
        systemd.service(
            name="Start a trigger of the next-kernel gate",
            service=trigger,
            running=True,
            enabled=True,
        )
    kernels = place_template(
        context, KERNEL_HOOK, name="Let kernel packages ask the gate", mode="755"
    )
    apt = place_template(context, APT_HOOK, name="Let apt ask the gate")
    server.shell(
        name="Ask the next-kernel gate",
        commands=[f"touch {REQUEST}"],
        _if=_is_look_due(programs, waiter, *placed, kernels, apt),
    )


def _is_outdated(trigger: str, placed: OperationMeta) -> Callable[[], bool]:
    """Return a condition: does a trigger run with an older unit than the one that is placed?"""
    moved = changed(placed)
    return lambda: moved() or runs_since_before(trigger, f"{UNIT_DIRECTORY}/{trigger}")


def _is_look_due(*placed: OperationMeta) -> Callable[[], bool]:
    """Return a condition: was anything changed since the last look began, and none asked for?

    Where none began since the boot, the timer's is still to come.
    """
    moved = changed(*placed)
    host: Host = ctx_host.get()

    def is_due() -> bool:
        if moved():
            return True
        last: LastStart = host.get_fact(
            SinceLastStart, unit=SERVICE, files=_PARTS, start=COMMAND_STARTED
        )
        # One that still waits for package managers sees what was changed meanwhile.
        is_asked = last.state == "activating" or bool(host.get_fact(File, path=REQUEST))
        return bool(last.newer) and not is_asked

    return is_due


def remove_kernel_gate() -> None:
    """Remove the hooks first, then the triggers and everything they start."""
    for hook in (APT_HOOK, KERNEL_HOOK):
        files.file(name="Remove a hook of the next-kernel gate", path=hook, present=False)
    for trigger in TRIGGERS:
        systemd.service(
            name="Stop a trigger of the next-kernel gate",
            service=trigger,
            running=False,
            enabled=False,
        )
    removed = [
        files.file(
            name="Remove a unit of the next-kernel gate",
            path=f"{UNIT_DIRECTORY}/{unit}",
            present=False,
        )
        for unit in UNITS
    ]
    files.file(name="Remove what waits for package managers", path=WAITER, present=False)
    _reload_units(removed)


def _reload_units(units: list[OperationMeta]) -> None:
    moved, host = changed(*units), ctx_host.get()
    systemd.daemon_reload(
        name="Let systemd read its units",
        # Or a run was cut before it got here.
        _if=lambda: moved() or bool(host.get_fact(StaleUnits, units=UNITS)),
    )
