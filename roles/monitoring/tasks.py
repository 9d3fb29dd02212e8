"""Tasks of the monitoring role."""

from __future__ import annotations

from pyinfra.api.deploy import deploy

from deeprig.role import RoleContext
from deeprig.tasks.lab_hosts import hosts_with_role
from roles.monitoring.exporter import exporter_context, place_exporter
from roles.monitoring.grafana import place_grafana, remove_grafana_files
from roles.monitoring.notifier import place_notifier
from roles.monitoring.server import place_server, remove_server
from roles.monitoring.settings import MonitoringSettings


@deploy("monitoring")
def deploy_monitoring(context: RoleContext[MonitoringSettings]) -> None:
    """Have the machine's numbers at hand, its alerts told, and the lab's server where declared."""
    hosts = hosts_with_role(context)
    place_exporter(exporter_context(context, hosts))
    place_notifier(context)
    declared = context.settings.server
    if declared is None:
        remove_server()
        remove_grafana_files()
        return
    place_server(context, declared, hosts)
    place_grafana(context, declared.grafana)
