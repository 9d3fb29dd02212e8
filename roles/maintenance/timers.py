"""Units that must wait for their hour: enabled and started where they are not, in one question."""

from __future__ import annotations

from collections.abc import Generator, Mapping

from pyinfra.api.command import StringCommand
from pyinfra.api.host import Host
from pyinfra.api.operation import operation
from pyinfra.context import ctx_host

from deeprig.engine.remarks import explain
from deeprig.facts import HostFacts
from roles.maintenance.facts import UnitState, UnitStates
from roles.maintenance.settings import MaintenanceSettings

#: Refresh the package lists; install what unattended-upgrades finds (apt's own units).
APT_TIMERS = ("apt-daily.timer", "apt-daily-upgrade.timer")
FSTRIM_TIMER = "fstrim.timer"
LOGROTATE_TIMER = "logrotate.timer"


def wanted_timers(settings: MaintenanceSettings, facts: HostFacts) -> tuple[str, ...]:
    """Return the timers that a host shall have; a container's disks are another machine's."""
    wanted = dict.fromkeys(APT_TIMERS, settings.unattended_upgrades)
    wanted[LOGROTATE_TIMER] = settings.log_max_size is not None
    wanted[FSTRIM_TIMER] = settings.fstrim and not facts.is_container
    return tuple(timer for timer, is_wanted in wanted.items() if is_wanted)


@operation()
def units_waiting(units: tuple[str, ...]) -> Generator[StringCommand, None, None]:
    """Enable and start units. One that an administrator masked stays so; verify tells it."""
    host: Host = ctx_host.get()
    states: Mapping[str, UnitState] = host.get_fact(UnitStates, units=units)
    missing = [unit for unit in units if unit not in states or not states[unit].is_waiting]
    masked = [unit for unit in missing if unit in states and states[unit].load == "masked"]
    if masked:
        explain(f"masked on this host, and stays so: {', '.join(masked)}")
    wanted = [unit for unit in missing if unit not in masked]
    if not wanted:
        host.noop("every unit is enabled and active")
        return
    yield StringCommand("systemctl", "enable", "--now", *wanted)
