"""What a machine says of its health: numbers, alerts, and the lab's server for them."""

from deeprig.role import Role
from roles.monitoring.settings import MonitoringSettings
from roles.monitoring.tasks import deploy_monitoring
from roles.monitoring.watched import problems_across

ROLE = Role(
    name="monitoring",
    settings=MonitoringSettings,
    deploy=deploy_monitoring,
    # It tells how these are: what they leave on the host is there when it starts.
    after=("base", "network", "nvidia_driver", "maintenance", "cooling", "backup"),
    across=problems_across,
)
