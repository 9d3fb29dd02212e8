"""What a machine says of its health: numbers, alerts, and the lab's server for them."""

from deeprig.role import Role
from deeprig.tasks.host_environment import ask_host_environment
from roles.monitoring.settings import MonitoringSettings
from roles.monitoring.tasks import deploy_monitoring
from roles.monitoring.watched import problems_across

ROLE = Role(
    name="monitoring",
    settings=MonitoringSettings,
    deploy=deploy_monitoring,
    asks_first=ask_host_environment,
    # It tells how these are: what they leave on the host is there when it starts.
    after=(
        *("base", "network", "nvidia_driver", "maintenance", "cooling"),
        *("backup", "backup_server"),
    ),
    across=problems_across,
)
