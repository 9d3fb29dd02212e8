"""What keeps a machine well between two runs: updates, limits, clock, and the next-kernel gate."""

from deeprig.role import Role
from roles.maintenance.settings import MaintenanceSettings
from roles.maintenance.tasks import deploy_maintenance

ROLE = Role(
    name="maintenance",
    settings=MaintenanceSettings,
    deploy=deploy_maintenance,
    # The gate judges the driver's modules, and must be armed before a new kernel comes.
    after=("base", "nvidia_driver"),
)
