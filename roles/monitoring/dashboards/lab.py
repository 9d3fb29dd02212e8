"""The whole lab: every machine in a line, and what needs a person."""

from __future__ import annotations

from roles.monitoring.dashboards.dashboard import Dashboard, Row
from roles.monitoring.dashboards.panel import Panel, Query

_MACHINE_URL = "/d/deeprig-machine?var-host=${__value.text}&${__url_time_range}"
#: What each machine says: the question, the heading, the unit.
_COLUMNS = (
    ('up{job="deeprig"}', "answers", "bool_yes_no"),
    (
        'count by (instance) (ALERTS{alertstate="firing"})'
        ' or sum by (instance) (up{job="deeprig"} * 0)',
        "alerts",
        "short",
    ),
    ("sum by (instance) (deeprig_gpu_up)", "GPUs", "short"),
    ("max by (instance) (deeprig_gpu_temperature_celsius)", "hottest GPU", "celsius"),
    ("min by (instance) (deeprig_gpu_slowdown_margin_celsius)", "least margin", "celsius"),
    ("avg by (instance) (deeprig_gpu_utilization_ratio)", "load", "percentunit"),
    (
        "sum by (instance) (deeprig_gpu_memory_used_bytes)"
        " / sum by (instance) (deeprig_gpu_memory_total_bytes)",
        "GPU memory",
        "percentunit",
    ),
    ("sum by (instance) (deeprig_gpu_power_watts)", "power", "watt"),
    ('deeprig_status_ok{what="verify"}', "verified", "bool_yes_no"),
    (
        'max by (instance) (time() - deeprig_backup_success_timestamp_seconds{what="backup"})',
        "backup is old",
        "s",
    ),
    (
        "clamp_min(max by (instance) (time() - deeprig_backup_deadline_timestamp_seconds), 0)",
        "overdue by",
        "s",
    ),
    ("min by (instance) (deeprig_backup_ok)", "backups good", "bool_yes_no"),
    ("deeprig_reboot_required", "reboot due", "bool_yes_no"),
)
_MACHINES = Panel(
    "Machines",
    tuple(Query(question) for question, _, _ in _COLUMNS),
    kind="table",
    width=24,
    height=10,
    renamed=(
        ("instance", "machine"),
        *((f"Value #{chr(ord('A') + i)}", name) for i, (_, name, _) in enumerate(_COLUMNS)),
    ),
    column_units=tuple((name, unit) for _, name, unit in _COLUMNS),
    link=("machine", _MACHINE_URL),
)
_ALERTS = Panel(
    "Alerts firing",
    (Query('ALERTS{alertstate="firing"}'),),
    kind="table",
    width=24,
    renamed=(
        ("instance", "machine"),
        ("alertname", "alert"),
        ("severity", "severity"),
        ("gpu", "GPU"),
        ("mountpoint", "at"),
        ("repository", "repository"),
    ),
)
_BACKUPS = Panel(
    "Oldest backup against what is declared",
    (
        Query(
            'max by (instance) ((time() - deeprig_backup_success_timestamp_seconds{what="backup"})'
            " / on (instance, repository, what) deeprig_backup_maximum_age_seconds)",
            "{{instance}}",
        ),
    ),
    unit="percentunit",
    about="At 100 % it is too old. A machine that was never backed up has no line, and an alert.",
)
_REPOSITORIES = Panel(
    "Repositories",
    (Query("deeprig_backup_repository_bytes", "{{instance}} {{repository}}"),),
    unit="bytes",
)
_KEPT = Panel(
    "Kept for others and pruned there",
    (
        Query("deeprig_backup_server_prune_outcome == 1"),
        Query("deeprig_backup_server_snapshots"),
    ),
    kind="table",
    width=24,
    height=6,
    renamed=(
        ("instance", "server"),
        ("client", "client"),
        ("outcome", "last prune"),
        ("Value #B", "snapshots"),
    ),
)

LAB = Dashboard(
    "deeprig-lab",
    "deeprig: the lab",
    "Every machine of the lab in a line.",
    (
        Row("Machines", (_MACHINES, _ALERTS)),
        Row(
            "GPUs",
            (
                Panel(
                    "Hottest GPU",
                    (
                        Query(
                            "max by (instance) (deeprig_gpu_temperature_celsius)",
                            "{{instance}}",
                        ),
                    ),
                    unit="celsius",
                ),
                Panel(
                    "Least margin to slowdown",
                    (
                        Query(
                            "min by (instance) (deeprig_gpu_slowdown_margin_celsius)",
                            "{{instance}}",
                        ),
                    ),
                    unit="celsius",
                ),
                Panel(
                    "Load",
                    (Query("avg by (instance) (deeprig_gpu_utilization_ratio)", "{{instance}}"),),
                    unit="percentunit",
                    most=1,
                ),
                Panel(
                    "Power",
                    (Query("sum by (instance) (deeprig_gpu_power_watts)", "{{instance}}"),),
                    unit="watt",
                ),
            ),
        ),
        Row("Backups", (_BACKUPS, _REPOSITORIES, _KEPT)),
    ),
)
