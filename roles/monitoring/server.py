"""The lab server: Prometheus and Alertmanager of the distribution, Grafana where it was declared.

Both packages start their service at once, open to everybody and with nothing to do: what is ours
about their units is placed first, and has them wait for their configuration.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from pyinfra.api.host import Host
from pyinfra.context import ctx_host
from pyinfra.facts.files import File
from pyinfra.operations import files, server

from deeprig.errors import DeclarationRefused
from deeprig.inventory.model import DeclaredHost
from deeprig.role import RoleContext
from deeprig.tasks import changed, install_packages, place_template
from deeprig.tasks.checked_files import CheckedFile, checked_files, rendered
from roles.monitoring.exporter import drop_in, run_as_placed, tell_who_listens
from roles.monitoring.own_files import own_file
from roles.monitoring.reading import take_configuration
from roles.monitoring.settings import LOOPBACK, MonitoringSettings, ServerSettings
from roles.monitoring.watched import Watched, asked_at, reach_problems, watched_by

PROMETHEUS, ALERTMANAGER = "prometheus.service", "prometheus-alertmanager.service"
PACKAGES = ("prometheus", "prometheus-alertmanager")
DIRECTORY = "/etc/deeprig/prometheus"
CONFIGURATION, ALERTMANAGER_FILE = "prometheus.yml", "alertmanager.yml"
RULES, TARGETS = "rules/deeprig.yml", "targets/deeprig.json"
#: The group of the user that both run as; a password in their files is nobody else's.
GROUP = "prometheus"
#: What promtool and amtool find good is placed (promtool check config; amtool check-config).
_CHECK_PROMETHEUS = ("promtool", "check", "config", CONFIGURATION)
_CHECK_ALERTMANAGER = ("amtool", "check-config", ALERTMANAGER_FILE)


def place_server(
    context: RoleContext[MonitoringSettings],
    declared: ServerSettings,
    hosts: tuple[DeclaredHost, ...],
) -> None:
    """Have the lab's server. Raise DeclarationRefused where it could not reach a host."""
    problems = reach_problems(context.host_name, hosts)
    if problems:
        raise DeclarationRefused(problems)
    tell_who_listens(
        name="See who can ask Prometheus",
        what="Prometheus",
        listens=declared.listen,
        port=declared.port,
    )
    units = (PROMETHEUS, ALERTMANAGER)
    moved = [
        place_template(context, drop_in(unit), name="Set how a server starts") for unit in units
    ]
    install_packages(PACKAGES)
    watched = watched_by(context.host_name, hosts)
    wanted = (*prometheus_files(context), CheckedFile(TARGETS, targets_text(watched)))
    placed = checked_files(
        name="Place the configuration of Prometheus",
        directory=DIRECTORY,
        wanted=wanted,
        check=_CHECK_PROMETHEUS,
    )
    routed = checked_files(
        name="Place the configuration of Alertmanager",
        directory=DIRECTORY,
        wanted=(alertmanager_file(context),),
        check=_CHECK_ALERTMANAGER,
    )
    read = tuple(f"{DIRECTORY}/{file}" for file in (CONFIGURATION, RULES))
    take_configuration(PROMETHEUS, metrics_url(declared), read, changed(placed))
    at = asked_at(LOOPBACK, declared.alertmanager.port)
    routes = (f"{DIRECTORY}/{ALERTMANAGER_FILE}",)
    take_configuration(ALERTMANAGER, f"http://{at}/metrics", routes, changed(routed))
    for unit, operation in zip(units, moved, strict=True):
        run_as_placed(unit, (drop_in(unit),), changed(operation))


def remove_server() -> None:
    """Stop what an earlier declaration had as a server; its packages and its numbers stay."""
    for unit in (PROMETHEUS, ALERTMANAGER):
        server.shell(
            name="Stop a server that is declared no more",
            commands=[f"systemctl disable --now {unit}"],
            _if=_is_there(drop_in(unit)),
        )
        files.file(name="Leave a server's start to its package", path=drop_in(unit), present=False)


def _is_there(path: str) -> Callable[[], bool]:
    host: Host = ctx_host.get()
    return lambda: bool(host.get_fact(File, path=path))


def prometheus_files(context: RoleContext[MonitoringSettings]) -> tuple[CheckedFile, ...]:
    """Return Prometheus' configuration and rules."""
    return (
        CheckedFile(CONFIGURATION, rendered(context, f"{DIRECTORY}/{CONFIGURATION}")),
        CheckedFile(RULES, own_file("deeprig.rules.yml")),
    )


def alertmanager_file(context: RoleContext[MonitoringSettings]) -> CheckedFile:
    """Return Alertmanager's configuration, which may hold passwords."""
    text = rendered(context, f"{DIRECTORY}/{ALERTMANAGER_FILE}")
    return CheckedFile(ALERTMANAGER_FILE, text, mode="640", group=GROUP)


def targets_text(watched: tuple[Watched, ...]) -> str:
    """Return the file of hosts that Prometheus reads by itself (file_sd_config)."""
    groups = [{"targets": [host.target], "labels": {"instance": host.name}} for host in watched]
    return json.dumps(groups, indent=2) + "\n"


def metrics_url(declared: ServerSettings) -> str:
    """Return where Prometheus tells about itself."""
    return f"http://{asked_at(declared.listen, declared.port)}/metrics"
