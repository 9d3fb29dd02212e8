"""Write what the role monitoring places as it is: Prometheus' rules and Grafana's dashboards.

Both come from one description each (host/deeprig_host/alerts/rules.py, roles/monitoring/dashboards)
and lie in roles/monitoring/files, so that they can be read, reviewed and used without deeprig; a
test keeps them current.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FILES = ROOT / "roles" / "monitoring" / "files"
sys.path[:0] = [str(ROOT), str(ROOT / "host")]

from deeprig_host.alerts.conditions import Alert  # noqa: E402 - found by the line above
from deeprig_host.alerts.promql import go_template, promql  # noqa: E402
from deeprig_host.alerts.rules import ALERTS  # noqa: E402

from roles.monitoring.dashboards.dashboard import dashboard_json  # noqa: E402
from roles.monitoring.dashboards.lab import LAB  # noqa: E402
from roles.monitoring.dashboards.machine import MACHINE  # noqa: E402

_HEAD = """# Written by script/monitoring_files.py from the table of alerts; a test keeps it so.
# docs/alerts.md says what each means.
groups:
  - name: deeprig
    rules:
"""
#: What only a server can know: a machine that is off tells nobody.
_UNREACHABLE = """  - name: deeprig-server
    rules:
      - alert: HostUnreachable
        expr: up{job="deeprig"} == 0
        for: 180s
        labels:
          severity: critical
        annotations:
          summary: "{{ $labels.instance }} does not answer"
          description: "Its exporter cannot be reached: the machine is off, or its network, or the \
service is stopped."
          remedy: "Is it on? `ping`, then `systemctl status prometheus-node-exporter` there."
"""


def rules_text() -> str:
    """Return the rule file of Prometheus."""
    return _HEAD + "".join(_rule(alert) for alert in ALERTS) + _UNREACHABLE


def _rule(alert: Alert) -> str:
    lines = [f"      - alert: {alert.name}", f"        expr: {_text(promql(alert))}"]
    if alert.for_seconds:
        lines.append(f"        for: {alert.for_seconds}s")
    lines += [
        "        labels:",
        f"          severity: {alert.severity}",
        "        annotations:",
        f"          summary: {_text(go_template(alert))}",
        f"          description: {_text(alert.meaning)}",
        f"          remedy: {_text(alert.remedy)}",
    ]
    return "\n".join(lines) + "\n"


def _text(text: str) -> str:
    """Return a text in YAML's single quotes, where nothing but the quote itself is special."""
    return "'" + text.replace("'", "''") + "'"


def contents() -> dict[str, str]:
    """Return each file's text by its name."""
    found = {"deeprig.rules.yml": rules_text()}
    for dashboard in (MACHINE, LAB):
        text = json.dumps(dashboard_json(dashboard), indent=2, ensure_ascii=False)
        found[f"{dashboard.uid}.json"] = f"{text}\n"
    return found


if __name__ == "__main__":
    for name, text in contents().items():
        (FILES / name).write_text(text, encoding="utf-8")
