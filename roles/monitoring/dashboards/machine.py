"""One machine: its GPUs' heat, power, clocks, memory and errors, and how it is kept."""

from __future__ import annotations

from roles.monitoring.dashboards.dashboard import Choice, Dashboard, Row
from roles.monitoring.dashboards.panel import Panel, Query

_HERE = 'instance="$host"'
_GPUS = '{instance="$host",gpu=~"$gpu"}'
_GPU = "GPU {{gpu}}"
_FAN = "GPU {{gpu}} fan {{fan}}"
_YES_NO = ("no", "yes")


def _gpus(metric: str, legend: str = _GPU) -> Query:
    return Query(f"{metric}{_GPUS}", legend)


def _one(title: str, expression: str, **more: object) -> Panel:
    """Return a narrow panel with one number."""
    return Panel(title, (Query(expression),), kind="stat", width=4, height=4, **more)  # type: ignore[arg-type] # fields of Panel, by name


_STATE = Row(
    "State",
    (
        _one(
            "Alerts firing",
            f'count(ALERTS{{alertstate="firing",{_HERE}}}) or vector(0)',
            steps=(1, 2),
        ),
        _one(
            "GPUs that answer",
            f"deeprig_gpus_answering{{{_HERE}}} / deeprig_gpus_on_bus{{{_HERE}}}",
            unit="percentunit",
            steps=(0.5, 1),
            is_low_bad=True,
        ),
        _one(
            "Least margin to slowdown",
            f"min(deeprig_gpu_slowdown_margin_celsius{{{_HERE}}})",
            unit="celsius",
            steps=(5, 10),
            is_low_bad=True,
        ),
        _one(
            "Numbers are this old",
            f"time() - deeprig_collector_last_success_timestamp_seconds{{{_HERE}}}",
            unit="s",
            steps=(60, 300),
        ),
        _one(
            "A reboot is due",
            f"deeprig_reboot_required{{{_HERE}}}",
            words=_YES_NO,
            steps=(1, 2),
        ),
        _one(
            "Last verification",
            f'deeprig_status_ok{{{_HERE},what="verify"}}',
            words=("failed", "good"),
            steps=(0.5, 1),
            is_low_bad=True,
        ),
        Panel(
            "Alerts",
            (Query(f"ALERTS{{{_HERE}}}"),),
            kind="table",
            width=24,
            height=6,
            renamed=(
                ("alertname", "alert"),
                ("alertstate", "state"),
                ("severity", "severity"),
                ("gpu", "GPU"),
                ("mountpoint", "at"),
            ),
        ),
    ),
)
_HEAT = Row(
    "Heat",
    (
        Panel(
            "Temperature",
            (
                _gpus("deeprig_gpu_temperature_celsius"),
                _gpus("deeprig_gpu_memory_temperature_celsius", "GPU {{gpu}} memory"),
                _gpus("deeprig_gpu_slowdown_temperature_celsius", "GPU {{gpu}} slows down at"),
            ),
            unit="celsius",
        ),
        Panel(
            "Margin to slowdown",
            (_gpus("deeprig_gpu_slowdown_margin_celsius"),),
            unit="celsius",
            about="Degrees left until the card slows itself down. Below 5 there is an alert.",
        ),
        Panel(
            "Fans: wanted, intended",
            (
                Query(f"deeprig_cooling_target_ratio{_GPUS}", "GPU {{gpu}} wanted by the daemon"),
                _gpus("deeprig_gpu_fan_target_ratio", _FAN + " asked for"),
                _gpus("deeprig_gpu_fan_speed_ratio", _FAN + " intended"),
            ),
            unit="percentunit",
            most=1,
            about="A blocked fan still reports the speed that it intends: see the measured one.",
        ),
        Panel("Fans: measured", (_gpus("deeprig_gpu_fan_speed_rpm", _FAN),), unit="rotrpm"),
        Panel(
            "Cooling daemon",
            (Query(f"deeprig_cooling_mode{_GPUS} == 1", "GPU {{gpu}} {{mode}}"),),
            kind="state-timeline",
            width=24,
            height=5,
        ),
    ),
)
_WORK = Row(
    "Power, clocks, load",
    (
        Panel(
            "Power",
            (
                _gpus("deeprig_gpu_power_watts"),
                _gpus("deeprig_gpu_power_limit_watts", "GPU {{gpu}} limit"),
            ),
            unit="watt",
        ),
        Panel(
            "Load",
            (
                _gpus("deeprig_gpu_utilization_ratio"),
                _gpus("deeprig_gpu_memory_utilization_ratio", "GPU {{gpu}} memory"),
            ),
            unit="percentunit",
            most=1,
        ),
        Panel(
            "Clocks",
            (
                _gpus("deeprig_gpu_clock_hertz", "GPU {{gpu}} {{clock}}"),
                _gpus("deeprig_gpu_clock_max_hertz", "GPU {{gpu}} {{clock}} at most"),
            ),
            unit="hertz",
        ),
        Panel(
            "What holds the clocks down",
            (Query(f"deeprig_gpu_clock_event{_GPUS}", "GPU {{gpu}} {{reason}}"),),
            kind="state-timeline",
            words=_YES_NO,
            steps=(0.5, 1),
            about="gpu_idle and software_power_cap are no faults.",
        ),
        Panel(
            "Share of time in which clocks were held down",
            (
                Query(
                    f"rate(deeprig_gpu_clock_held_seconds_total{_GPUS}[$__rate_interval])",
                    "GPU {{gpu}} {{reason}}",
                ),
            ),
            unit="percentunit",
            about="Counted by the card itself: also what comes and goes between two looks.",
        ),
        Panel(
            "Energy",
            (
                Query(
                    f"increase(deeprig_gpu_energy_joules_total{_GPUS}[$__range])",
                    _GPU,
                ),
            ),
            kind="stat",
            unit="joule",
            about="Used in the time that is shown.",
        ),
    ),
)
_MEMORY = Row(
    "Memory, processes, errors",
    (
        Panel(
            "Memory",
            (
                _gpus("deeprig_gpu_memory_used_bytes"),
                _gpus("deeprig_gpu_memory_total_bytes", "GPU {{gpu}} in all"),
            ),
            unit="bytes",
        ),
        Panel(
            "Memory by user",
            (_gpus("deeprig_gpu_process_memory_bytes", "GPU {{gpu}} {{user}}"),),
            unit="bytes",
        ),
        Panel("Processes", (_gpus("deeprig_gpu_processes", "GPU {{gpu}} {{user}}"),), width=8),
        Panel(
            "Memory errors",
            (
                _gpus("deeprig_gpu_ecc_errors_total", "GPU {{gpu}} {{kind}} {{period}}"),
                _gpus("deeprig_gpu_remapped_rows_total", "GPU {{gpu}} rows {{kind}}"),
                _gpus("deeprig_gpu_retired_pages_total", "GPU {{gpu}} pages {{cause}}"),
            ),
            width=8,
        ),
        Panel(
            "Repairs that wait or failed",
            (
                _gpus("deeprig_gpu_row_remap_pending", "GPU {{gpu}} row waits for a reset"),
                _gpus("deeprig_gpu_row_remap_failed", "GPU {{gpu}} row could not be replaced"),
                _gpus("deeprig_gpu_retired_pages_pending", "GPU {{gpu}} pages wait for a reboot"),
            ),
            kind="state-timeline",
            words=_YES_NO,
            steps=(0.5, 1),
            width=8,
        ),
        Panel(
            "Xid errors",
            (Query(f"deeprig_xid_last_timestamp_seconds{{{_HERE}}} * 1000"),),
            kind="table",
            renamed=(("address", "GPU at"), ("code", "Xid"), ("Value", "last")),
            column_units=(("last", "dateTimeAsIso"),),
        ),
        Panel(
            "PCIe lanes",
            (
                _gpus("deeprig_gpu_pcie_width_lanes"),
                _gpus("deeprig_gpu_pcie_width_max_lanes", "GPU {{gpu}} at most"),
            ),
            width=6,
        ),
        Panel(
            "PCIe packets sent again",
            (Query(f"rate(deeprig_gpu_pcie_replays_total{_GPUS}[$__rate_interval])", _GPU),),
            width=6,
            unit="cps",
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
                    f'1 - avg(rate(node_cpu_seconds_total{{mode="idle",{_HERE}}}'
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
                Query(f"node_memory_MemTotal_bytes{{{_HERE}}}", "in all"),
                Query(
                    f"node_memory_MemTotal_bytes{{{_HERE}}} "
                    f"- node_memory_MemAvailable_bytes{{{_HERE}}}",
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
                    f'node_filesystem_avail_bytes{{{_HERE},fstype!~"tmpfs|ramfs|overlay|squashfs"}}'
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
                    f'rate(node_network_receive_bytes_total{{{_HERE},device!="lo"}}'
                    "[$__rate_interval])",
                    "{{device}} in",
                ),
                Query(
                    f'rate(node_network_transmit_bytes_total{{{_HERE},device!="lo"}}'
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
                Query(f"deeprig_status_timestamp_seconds{{{_HERE}}} * 1000"),
                Query(f"deeprig_status_ok{{{_HERE}}}"),
                Query(f"deeprig_status_failed{{{_HERE}}}"),
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
            (Query(f"deeprig_updates_pending{{{_HERE}}}", "{{kind}}"),),
            width=6,
        ),
        Panel(
            "Driver and kernel",
            (
                Query(f"deeprig_driver_info{{{_HERE}}}"),
                Query(f"deeprig_kernel_info{{{_HERE}}}"),
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
            (Query(f"deeprig_gpu_info{{{_HERE}}}"),),
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
                Query(f"deeprig_collector_duration_seconds{{{_HERE}}}", "takes"),
                Query(f"rate(deeprig_collector_errors_total{{{_HERE}}}[1h]) * 3600", "{{part}}"),
            ),
            about="Seconds that a look takes; failures of a part in an hour.",
        ),
    ),
)

MACHINE = Dashboard(
    "deeprig-machine",
    "deeprig: one machine",
    "GPUs, cooling and upkeep of one machine.",
    (_STATE, _HEAT, _WORK, _MEMORY, _MACHINE, _UPKEEP),
    (
        Choice(
            "host",
            "Machine",
            "label_values(deeprig_collector_last_success_timestamp_seconds, instance)",
        ),
        Choice("gpu", "GPU", 'label_values(deeprig_gpu_up{instance="$host"}, gpu)', is_many=True),
    ),
)
