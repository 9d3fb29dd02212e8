"""The lab's server watches every machine, has its rules, and tells somebody."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from deeprig.verify.checks import Checks
from deeprig.verify.plugin import lab_of
from roles.monitoring.checks.asking import Asked, asked, once_known
from roles.monitoring.checks.exporter import check_listening
from roles.monitoring.checks.samples import value_of
from roles.monitoring.grafana import SERVICE as GRAFANA
from roles.monitoring.own_files import own_file
from roles.monitoring.server import ALERTMANAGER, PROMETHEUS
from roles.monitoring.settings import LOOPBACK, MonitoringSettings, ServerSettings
from roles.monitoring.watched import asked_at, watched_by

_ALERT = re.compile(r"^ +- alert: (\w+)$", re.MULTILINE)
#: A target is asked for the first time within an interval.
_SPARE_SECONDS = 10


def test_the_lab_server_is_at_work(host: Any, settings: MonitoringSettings, check: Checks) -> None:
    """Prometheus and Alertmanager run with the configuration that is on the disk."""
    server = settings.server
    if server is None:
        return
    for unit in (PROMETHEUS, ALERTMANAGER):
        told = host.run("systemctl is-active %s; systemctl is-enabled %s", unit, unit).stdout
        check(f"{unit} is active and enabled", told.split() == ["active", "enabled"], told.strip())
    check_listening(host, "Prometheus", server.listen, server.port, check)
    check_listening(host, "Alertmanager", LOOPBACK, server.alertmanager.port, check)
    own = asked(host, f"{prometheus_url(server)}/metrics")
    _check_loaded("Prometheus", own, "prometheus_config_last_reload_successful", check)
    told_by = asked(host, f"{alertmanager_url(server)}/metrics")
    _check_loaded("Alertmanager", told_by, "alertmanager_config_last_reload_successful", check)


def test_the_lab_server_has_its_rules(
    host: Any, settings: MonitoringSettings, check: Checks
) -> None:
    """Every alert of the rule file is loaded, and can be evaluated."""
    if settings.server is None:
        return
    url = f"{prometheus_url(settings.server)}/api/v1/rules?type=alert"
    groups = (asked(host, url).data or {}).get("groups")
    if groups is None:
        check("the rules are loaded", None, "Prometheus does not tell its rules")
        return
    found = {rule["name"]: rule for group in groups for rule in group["rules"]}
    missing = sorted(set(alert_names()) - set(found))
    evidence = f"missing: {', '.join(missing)}" if missing else f"{len(found)} alerts"
    check("the rules are loaded", not missing, evidence)
    bad = [
        f"{name}: {rule.get('lastError')}"
        for name, rule in found.items()
        if rule["health"] == "err"
    ]
    is_good = not bad if found else None
    check("the rules can be evaluated", is_good, "; ".join(bad) or f"{len(found)} rules")


def test_the_lab_server_watches_every_machine(
    host: Any, settings: MonitoringSettings, declared: Any, request: Any, check: Checks
) -> None:
    """Each host of the inventory that has the role is a target, and answers."""
    if settings.server is None:
        return
    lab = lab_of(request.config)
    having = tuple(h for h in lab.hosts if h.roles is None or "monitoring" in h.roles)
    url = f"{prometheus_url(settings.server)}/api/v1/targets?state=active"
    names = [watched.name for watched in watched_by(declared.name, having)]
    targets = once_known(
        lambda: _targets(asked(host, url)),
        lambda found: all(found.get(name, {}).get("health") != "unknown" for name in names),
        settings.interval_seconds + _SPARE_SECONDS,
    )
    for watched in watched_by(declared.name, having):
        target = targets.get(watched.name)
        health = "not a target" if target is None else str(target["health"])
        error = f": {target['lastError']}" if target and target["lastError"] else ""
        is_up = None if health == "unknown" else health == "up"
        check(f"{watched.name} is watched", is_up, f"{watched.target} {health}{error}")


def test_the_lab_server_tells_its_alerts(
    host: Any, settings: MonitoringSettings, check: Checks
) -> None:
    """Prometheus hands alerts to the Alertmanager here."""
    server = settings.server
    if server is None:
        return
    url = f"{prometheus_url(server)}/api/v1/alertmanagers"
    wanted = asked_at(LOOPBACK, server.alertmanager.port)
    found = once_known(
        lambda: [
            one["url"] for one in (asked(host, url).data or {}).get("activeAlertmanagers", ())
        ],
        bool,
        settings.interval_seconds,
    )
    is_told = any(f"//{wanted}/" in one for one in found)
    check("Prometheus knows its Alertmanager", is_told, ", ".join(found) or "none")
    if server.grafana is not None:
        at = asked_at(server.grafana.listen, server.grafana.port)
        answer = asked(host, f"http://{at}/api/health")
        is_well = answer.text is not None and '"ok"' in answer.text
        check(f"{GRAFANA} answers", is_well, answer.error or str(answer.text)[:200])


def alert_names() -> Iterable[str]:
    """Return the names in the rule file that the role places."""
    return _ALERT.findall(own_file("deeprig.rules.yml"))


def prometheus_url(server: ServerSettings) -> str:
    """Return where the host itself finds Prometheus."""
    return f"http://{asked_at(server.listen, server.port)}"


def alertmanager_url(server: ServerSettings) -> str:
    """Return where the host itself finds Alertmanager."""
    return f"http://{asked_at(LOOPBACK, server.alertmanager.port)}"


def _check_loaded(what: str, answer: Asked, metric: str, check: Checks) -> None:
    loaded = value_of(answer.text or "", metric)
    evidence = answer.error or f"{metric} {loaded}"
    check(
        f"{what} could read its configuration",
        loaded == 1 if loaded is not None else None,
        evidence,
    )


def _targets(answer: Asked) -> Mapping[str, Mapping[str, Any]]:
    """Return the machines that Prometheus asks, by name."""
    active = (answer.data or {}).get("activeTargets", ())
    return {t["labels"]["instance"]: t for t in active if t["labels"].get("job") == "deeprig"}
