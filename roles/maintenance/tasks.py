"""Tasks of the maintenance role."""

from __future__ import annotations

from pyinfra.api.deploy import deploy
from pyinfra.operations import files

from deeprig.role import RoleContext
from deeprig.tasks import (
    install_packages,
    place_template,
    refresh_package_lists,
    repair_packages,
)
from roles.maintenance.clock import keep_time
from roles.maintenance.kernel_gate import arm_kernel_gate, remove_kernel_gate
from roles.maintenance.kernel_holds import hold_kernel
from roles.maintenance.logs import limit_logs
from roles.maintenance.security import security_updates
from roles.maintenance.settings import MaintenanceSettings
from roles.maintenance.timers import units_waiting, wanted_timers
from roles.maintenance.unattended import PACKAGE, configure_unattended_upgrades

NEEDRESTART_FILE = "/etc/needrestart/conf.d/80-deeprig.conf"


@deploy("maintenance")
def deploy_maintenance(context: RoleContext[MaintenanceSettings]) -> None:
    """Arm what works between two runs; install security updates when they are asked for."""
    if context.settings.kernel_gate and context.facts.nvidia_devices:
        arm_kernel_gate(context)
    else:
        remove_kernel_gate()
    _keep_well(context)
    if context.update.security:
        repair_packages()  # what is half done would fail apt's simulation
        # What the archive has now, not when somebody last looked.
        refresh_package_lists(when=lambda: True)
        security_updates(name="Install security updates")


def _keep_well(context: RoleContext[MaintenanceSettings]) -> None:
    settings = context.settings
    # Before anything that could install a kernel or restart a service.
    hold_kernel(name="Hold the kernel, or let go of it", is_wanted=settings.hold_kernel)
    if settings.needrestart_quiet:
        place_template(context, NEEDRESTART_FILE, name="Keep needrestart quiet")
    else:
        files.file(name="Leave needrestart as it is", path=NEEDRESTART_FILE, present=False)
    configure_unattended_upgrades(context)
    limit_logs(context)
    packages = needed_packages(settings)
    if packages:
        install_packages(packages)
    units = wanted_timers(settings, context.facts)
    if units:
        units_waiting(name="Start what works by the clock", units=units)
    if settings.time_sync and not context.facts.is_container:
        keep_time(context)


def needed_packages(settings: MaintenanceSettings) -> tuple[str, ...]:
    """Return the packages that do the declared work."""
    needed = {PACKAGE: settings.unattended_upgrades, "logrotate": settings.log_max_size}
    return tuple(name for name, is_needed in needed.items() if is_needed)
