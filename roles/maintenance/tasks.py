"""Tasks of the maintenance role."""

from __future__ import annotations

from pyinfra.api.deploy import deploy

from deeprig.role import RoleContext
from deeprig.tasks import refresh_package_lists
from roles.maintenance.kernel_gate import arm_kernel_gate, remove_kernel_gate
from roles.maintenance.security import security_updates
from roles.maintenance.settings import MaintenanceSettings


@deploy("maintenance")
def deploy_maintenance(context: RoleContext[MaintenanceSettings]) -> None:
    """Arm what works between two runs; install security updates when they are asked for."""
    if context.settings.kernel_gate and context.facts.nvidia_devices:
        arm_kernel_gate(context)
    else:
        remove_kernel_gate()
    if context.update.security:
        # What the archive has now, not when somebody last looked.
        refresh_package_lists(when=lambda: True)
        security_updates(name="Install security updates")
