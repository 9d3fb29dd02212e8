"""The clock: systemd-timesyncd keeps it, unless another time service is installed."""

from __future__ import annotations

from pyinfra.api.host import Host
from pyinfra.context import ctx_host
from pyinfra.operations import files, server

from deeprig.role import RoleContext
from deeprig.tasks import changed, place_template, refresh_package_lists
from deeprig.tasks.left_undone import runs_since_before
from deeprig.tasks.packages import APT_ENVIRONMENT, steady_packages
from roles.maintenance.facts import OTHER_TIME_SERVICES, TIMESYNCD, TimeServices
from roles.maintenance.settings import MaintenanceSettings
from roles.maintenance.timers import units_waiting

_SERVERS_DIRECTORY = "/etc/systemd/timesyncd.conf.d"
SERVERS_FILE = f"{_SERVERS_DIRECTORY}/80-deeprig.conf"
SERVICE = "systemd-timesyncd.service"


def keep_time(context: RoleContext[MaintenanceSettings]) -> None:
    """Have systemd-timesyncd, its servers, and it running; chrony and the like stay alone."""
    refresh_package_lists(when=_lacks_time_service)
    steady_packages(
        name="Install systemd-timesyncd",
        packages=(TIMESYNCD,),
        _env=APT_ENVIRONMENT,
        _if=_lacks_time_service,
    )
    if context.settings.ntp_servers:
        served = place_template(context, SERVERS_FILE, name="Set the time servers")
    else:
        served = files.file(
            name="Leave the time servers to the system", path=SERVERS_FILE, present=False
        )
    moved = changed(served)
    # Not running yet where it was just installed: then it starts with its servers below.
    server.shell(
        name="Let systemd-timesyncd take its servers",
        commands=[f"systemctl try-restart {SERVICE}"],
        # Or a run was cut before it got here; the directory is newer where the file is gone.
        _if=lambda: moved() or runs_since_before(SERVICE, SERVERS_FILE, _SERVERS_DIRECTORY),
    )
    units_waiting(name="Start systemd-timesyncd", units=(SERVICE,), _if=_has_timesyncd_alone)


def _lacks_time_service() -> bool:
    return not _time_services()


def _has_timesyncd_alone() -> bool:
    # Asked before the operation above has installed it too, when planning.
    return not _time_services().intersection(OTHER_TIME_SERVICES)


def _time_services() -> frozenset[str]:
    host: Host = ctx_host.get()
    installed: frozenset[str] = host.get_fact(TimeServices)
    return installed
