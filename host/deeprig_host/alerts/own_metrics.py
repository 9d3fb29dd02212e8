"""What the notifier tells of itself: ``deeprig_notifier.prom``, beside the collector's file."""

from __future__ import annotations

from collections import Counter as Count
from pathlib import Path

from deeprig_host.alerts.rules import alert_named
from deeprig_host.alerts.state import State
from deeprig_host.machine.durable import place_text
from deeprig_host.metrics.metric import Metric

FILE = "deeprig_notifier.prom"

LAST_RUN = Metric(
    "deeprig_notifier_last_run_timestamp_seconds", "gauge", "When the notifier last ran to its end."
)
ALERTS_HOLDING = Metric(
    "deeprig_notifier_alerts",
    "gauge",
    "Alerts that were told and are not over.",
    ("severity",),
    ("critical", "warning"),
)
WAITING = Metric(
    "deeprig_notifier_undelivered",
    "gauge",
    "Messages that this channel still has to deliver.",
    ("channel",),
    ("mail", "webhook", "ntfy"),
)
FAILURES = Metric(
    "deeprig_notifier_failures_total",
    "counter",
    "Deliveries over this channel that have failed.",
    ("channel",),
    ("mail", "webhook", "ntfy"),
)
DELIVERED = Metric(
    "deeprig_notifier_delivered_timestamp_seconds",
    "gauge",
    "When this channel last delivered a message; no series before the first one.",
    ("channel",),
    ("mail", "webhook", "ntfy"),
)
METRICS = (LAST_RUN, ALERTS_HOLDING, WAITING, FAILURES, DELIVERED)


def exposition(state: State, now: float) -> str:
    """Return the metrics of a state as text."""
    told: Count[str] = Count(
        alert.severity
        for episode in state.episodes
        if episode.is_told and (alert := alert_named(episode.alert)) is not None
    )
    boxes = state.outboxes
    delivered = {name: box.delivered_at for name, box in boxes.items()}
    families = (
        (LAST_RUN, {"": now}),
        (ALERTS_HOLDING, {severity: float(told[severity]) for severity in ALERTS_HOLDING.values}),
        (WAITING, {name: float(len(box.waiting)) for name, box in boxes.items()}),
        (FAILURES, {name: float(box.failures) for name, box in boxes.items()}),
        (DELIVERED, {name: at for name, at in delivered.items() if at is not None}),
    )
    return "".join(_family(metric, values) for metric, values in families)


def place_metrics(directory: Path, state: State, now: float) -> None:
    """Write the file; node_exporter's user reads it. Raise OSError."""
    place_text(directory / FILE, exposition(state, now), 0o644)


def _family(metric: Metric, values: dict[str, float]) -> str:
    """Return a metric's lines; the key of a value is that of its label, where it has one."""
    lines = [f"# HELP {metric.name} {metric.help}", f"# TYPE {metric.name} {metric.kind}"]
    for value, number in values.items():
        labels = f'{{{metric.labels[0]}="{value}"}}' if metric.labels else ""
        lines.append(f"{metric.name}{labels} {number!r}")
    return "\n".join(lines) + "\n"
