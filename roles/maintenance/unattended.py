"""Unattended security updates: what installs itself, when, and that nobody is disturbed by it.

The package's own 50unattended-upgrades stays as it is; a file that apt reads after it has the last
word. The driver's role keeps a file of its own with what must never be moved.
"""

from __future__ import annotations

from typing import Any

from pyinfra.context import ctx_host
from pyinfra.operations import files, server

from deeprig.role import RoleContext
from deeprig.tasks import changed, place_template
from deeprig.tasks.left_undone import StaleUnits
from roles.maintenance.settings import MaintenanceSettings
from roles.maintenance.timers import APT_TIMERS

PACKAGE = "unattended-upgrades"
APT_FILE = "/etc/apt/apt.conf.d/55deeprig-unattended-upgrades"
TIMER_FILES = tuple(f"/etc/systemd/system/{timer}.d/80-deeprig.conf" for timer in APT_TIMERS)
_STAMP_DIRECTORY = "/var/lib/systemd/timers"
#: A timer that is started with an old stamp catches up at once (systemd.timer(5), Persistent=),
#: and would meet the run that set its times on apt's lock.
_STAMPS = tuple(f"{_STAMP_DIRECTORY}/stamp-{timer}" for timer in APT_TIMERS)


def configure_unattended_upgrades(context: RoleContext[MaintenanceSettings]) -> None:
    """Say what installs itself and when; where that is off, leave the times to the system."""
    place_template(context, APT_FILE, name="Say which updates install themselves")
    if context.settings.unattended_upgrades:
        timed: list[Any] = [
            place_template(context, path, name="Set when apt works by itself")
            for path in TIMER_FILES
        ]
    else:
        timed = [
            files.file(name="Leave the times of apt to the system", path=path, present=False)
            for path in TIMER_FILES
        ]
    moved, host = changed(*timed), ctx_host.get()
    server.shell(
        name="Let apt's timers take their times",
        commands=[
            "systemctl daemon-reload",
            f"mkdir -p {_STAMP_DIRECTORY} && touch {' '.join(_STAMPS)}",
            f"systemctl try-restart {' '.join(APT_TIMERS)}",
        ],
        # Or a run was cut before it got here.
        _if=lambda: moved() or bool(host.get_fact(StaleUnits, units=APT_TIMERS)),
    )
