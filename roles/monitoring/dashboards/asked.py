"""What panels about one machine ask: its series, its GPUs' series, and how they are called."""

from __future__ import annotations

from roles.monitoring.dashboards.panel import Panel, Query

HERE = 'instance="$host"'
GPUS = '{instance="$host",gpu=~"$gpu"}'
GPU = "GPU {{gpu}}"
FAN = "GPU {{gpu}} fan {{fan}}"
YES_NO = ("no", "yes")


def gpus(metric: str, legend: str = GPU) -> Query:
    """Return the series of the chosen GPUs."""
    return Query(f"{metric}{GPUS}", legend)


def one(title: str, expression: str, **more: object) -> Panel:
    """Return a narrow panel with one number."""
    return Panel(title, (Query(expression),), kind="stat", width=4, height=4, **more)  # type: ignore[arg-type] # fields of Panel, by name
