"""The table of alerts: what is wrong when. From it come Prometheus' rules and the host's notifier.

Thresholds: NVIDIA's Xid catalogue and memory error guide as nvidia_gpu_exporter's alerts use them;
heat is judged by the card's own margin, since the safe temperature differs per model.
"""

from __future__ import annotations

from deeprig_host.alerts import rules_backup, rules_gpu, rules_host, rules_power
from deeprig_host.alerts.conditions import Alert

#: All alerts, in the order in which they are documented and told.
ALERTS: tuple[Alert, ...] = (
    *rules_gpu.ALERTS,
    *rules_power.ALERTS,
    *rules_host.ALERTS,
    *rules_backup.ALERTS,
)


def alert_named(name: str) -> Alert | None:
    """Return the alert of this name, None where there is none."""
    return next((alert for alert in ALERTS if alert.name == name), None)
