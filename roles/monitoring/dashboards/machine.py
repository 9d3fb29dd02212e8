"""One machine: its GPUs' heat, power, clocks, memory and errors, and how it is kept."""

from __future__ import annotations

from roles.monitoring.dashboards.asked import HERE, YES_NO, one
from roles.monitoring.dashboards.backup_rows import BACKUPS
from roles.monitoring.dashboards.dashboard import Choice, Dashboard, Row
from roles.monitoring.dashboards.gpu_rows import HEAT, MEMORY, WORK
from roles.monitoring.dashboards.panel import Panel, Query

_STATE = Row(
    "State",
    (
        one(
            "Alerts firing",
            f'count(ALERTS{{alertstate="firing",{HERE}}}) or vector(0)',
            steps=(1, 2),
        ),
        one(
            "GPUs that answer",
            f"deeprig_gpus_answering{{{HERE}}} / deeprig_gpus_on_bus{{{HERE}}}",
            unit="percentunit",
            steps=(0.5, 1),
            is_low_bad=True,
        ),
        one(
            "Least margin to slowdown",
            f"min(deeprig_gpu_slowdown_margin_celsius{{{HERE}}})",
            unit="celsius",
            steps=(5, 10),
            is_low_bad=True,
        ),
        one(
            "Numbers are this old",
            f"time() - deeprig_collector_last_success_timestamp_seconds{{{HERE}}}",
            unit="s",
            steps=(60, 300),
        ),
        one(
            "A reboot is due",
            f"deeprig_reboot_required{{{HERE}}}",
            words=YES_NO,
            steps=(1, 2),
        ),
        one(
            "Last verification",
            f'deeprig_status_ok{{{HERE},what="verify"}}',
            words=("failed", "good"),
            steps=(0.5, 1),
            is_low_bad=True,
        ),
        Panel(
            "Alerts",
            (Query(f"ALERTS{{{HERE}}}"),),
            kind="table",
            width=24,
            height=6,
            renamed=(
                ("alertname", "alert"),
                ("alertstate", "state"),
                ("severity", "severity"),
                ("gpu", "GPU"),
                ("mountpoint", "at"),
                ("repository", "repository"),
            ),
        ),
    ),
)
_MACHINE = Row(
    "Machine",
    (
        Panel(
            "Processor",
            (
                Query(
                    f'1 - avg(rate(node_cpu_seconds_total{{mode="idle",{HERE}}}'
                    "[$__rate_interval]))",
                    "all cores",
                ),
            ),
            unit="percentunit",
            most=1,
            width=6,
        ),
        Panel(
            "Memory",
            (
                Query(f"node_memory_MemTotal_bytes{{{HERE}}}", "in all"),
                Query(
                    f"node_memory_MemTotal_bytes{{{HERE}}} "
                    f"- node_memory_MemAvailable_bytes{{{HERE}}}",
                    "in use",
                ),
            ),
            unit="bytes",
            width=6,
        ),
        Panel(
            "Disks: space left",
            (
                Query(
                    f'node_filesystem_avail_bytes{{{HERE},fstype!~"tmpfs|ramfs|overlay|squashfs"}}'
                    " / node_filesystem_size_bytes",
                    "{{mountpoint}}",
                ),
            ),
            unit="percentunit",
            most=1,
            width=6,
        ),
        Panel(
            "Network",
            (
                Query(
                    f'rate(node_network_receive_bytes_total{{{HERE},device!="lo"}}'
                    "[$__rate_interval])",
                    "{{device}} in",
                ),
                Query(
                    f'rate(node_network_transmit_bytes_total{{{HERE},device!="lo"}}'
                    "[$__rate_interval])",
                    "{{device}} out",
                ),
            ),
            unit="Bps",
            width=6,
        ),
    ),
)
_UPKEEP = Row(
    "Upkeep",
    (
        Panel(
            "Backup, verification, apply",
            (
                Query(f"deeprig_status_timestamp_seconds{{{HERE}}} * 1000"),
                Query(f"deeprig_status_ok{{{HERE}}}"),
                Query(f"deeprig_status_failed{{{HERE}}}"),
            ),
            kind="table",
            renamed=(
                ("what", "what"),
                ("Value #A", "last"),
                ("Value #B", "good"),
                ("Value #C", "failed parts"),
            ),
            column_units=(("last", "dateTimeAsIso"),),
        ),
        Panel(
            "Updates that wait",
            (Query(f"deeprig_updates_pending{{{HERE}}}", "{{kind}}"),),
            width=6,
        ),
        Panel(
            "Driver and kernel",
            (
                Query(f"deeprig_driver_info{{{HERE}}}"),
                Query(f"deeprig_kernel_info{{{HERE}}}"),
            ),
            kind="table",
            width=6,
            renamed=(
                ("loaded", "driver loaded"),
                ("installed", "driver installed"),
                ("running", "kernel runs"),
                ("next", "kernel next"),
            ),
        ),
        Panel(
            "GPUs",
            (Query(f"deeprig_gpu_info{{{HERE}}}"),),
            kind="table",
            renamed=(
                ("gpu", "GPU"),
                ("name", "name"),
                ("address", "at"),
                ("uuid", "UUID"),
                ("vbios", "firmware"),
            ),
        ),
        Panel(
            "The collector",
            (
                Query(f"deeprig_collector_duration_seconds{{{HERE}}}", "takes"),
                Query(f"rate(deeprig_collector_errors_total{{{HERE}}}[1h]) * 3600", "{{part}}"),
            ),
            about="Seconds that a look takes; failures of a part in an hour.",
        ),
    ),
)

MACHINE = Dashboard(
    "deeprig-machine",
    "deeprig: one machine",
    "GPUs, cooling and upkeep of one machine.",
    (_STATE, HEAT, WORK, MEMORY, BACKUPS, _MACHINE, _UPKEEP),
    (
        Choice(
            "host",
            "Machine",
            "label_values(deeprig_collector_last_success_timestamp_seconds, instance)",
        ),
        Choice("gpu", "GPU", 'label_values(deeprig_gpu_up{instance="$host"}, gpu)', is_many=True),
    ),
)
