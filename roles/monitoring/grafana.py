"""Grafana: its data source and dashboards, and itself from a declared repository."""

from __future__ import annotations

from collections.abc import Callable

from pyinfra.api.host import Host
from pyinfra.api.operation import OperationMeta
from pyinfra.context import ctx_host
from pyinfra.facts.deb import DebPackages
from pyinfra.facts.files import Directory
from pyinfra.operations import files, server

from deeprig.role import RoleContext
from deeprig.tasks import changed, install_packages, place_template, refresh_package_lists
from roles.monitoring.exporter import drop_in, run_as_placed
from roles.monitoring.own_files import own_file_source
from roles.monitoring.settings import GrafanaSettings, MonitoringSettings

PACKAGE = "grafana"
SERVICE = "grafana-server.service"
KEY = "/etc/apt/keyrings/deeprig-grafana.asc"
SOURCES = "/etc/apt/sources.list.d/deeprig-grafana.sources"
PROVISIONING = "/etc/grafana/provisioning"
DATA_SOURCE = f"{PROVISIONING}/datasources/deeprig.yaml"
PROVIDER = f"{PROVISIONING}/dashboards/deeprig.yaml"
DASHBOARD_DIRECTORY = "/etc/deeprig/grafana/dashboards"
DASHBOARDS = ("deeprig-machine.json", "deeprig-lab.json")


def place_grafana(
    context: RoleContext[MonitoringSettings], declared: GrafanaSettings | None
) -> None:
    """Place what Grafana reads, and Grafana itself where a repository was declared."""
    if declared is not None:
        place_template(context, drop_in(SERVICE), name="Set where Grafana listens")
        _install(context, declared)
    read = [
        place_template(context, DATA_SOURCE, name="Tell Grafana its Prometheus"),
        place_template(context, PROVIDER, name="Tell Grafana its dashboards"),
    ]
    for name in DASHBOARDS:  # it looks for changed ones by itself
        files.put(
            name="Place a dashboard",
            src=own_file_source(name),
            dest=f"{DASHBOARD_DIRECTORY}/{name}",
            user="root",
            group="root",
            mode="644",
        )
    if declared is not None:
        run_as_placed(SERVICE, (drop_in(SERVICE), DATA_SOURCE, PROVIDER), changed(*read))
    else:
        _let_it_read(read)


def remove_grafana_files() -> None:
    """Take away what Grafana would go on reading; Grafana itself stays."""
    for path in (DATA_SOURCE, PROVIDER, SOURCES, KEY, drop_in(SERVICE)):
        files.file(name="Leave Grafana to itself", path=path, present=False)
    files.directory(
        name="Take the dashboards away", path=DASHBOARD_DIRECTORY, present=False, _if=_is_there()
    )


def _is_there() -> Callable[[], bool]:
    host: Host = ctx_host.get()
    return lambda: bool(host.get_fact(Directory, path=DASHBOARD_DIRECTORY))


def _install(context: RoleContext[MonitoringSettings], declared: GrafanaSettings) -> None:
    files.directory(name="Make the directory of apt's keys", path="/etc/apt/keyrings", mode="755")
    key = files.put(
        name="Place the key of Grafana's repository",
        src=str(context.lab_directory / declared.key),
        dest=KEY,
        user="root",
        group="root",
        mode="644",
    )
    source = place_template(context, SOURCES, name="Set Grafana's repository")
    refresh_package_lists(when=changed(key, source))
    install_packages((PACKAGE,))


def _let_it_read(read: list[OperationMeta]) -> None:
    """Have a Grafana that somebody else installed read what changed."""
    host, moved = ctx_host.get(), changed(*read)
    server.shell(
        name="Let a Grafana that is there read its provisioning",
        commands=[f"systemctl try-restart {SERVICE}"],
        _if=lambda: moved() and PACKAGE in host.get_fact(DebPackages),
    )
