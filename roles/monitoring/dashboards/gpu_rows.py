"""The rows about the GPUs of one machine: heat, work, memory and errors."""

from __future__ import annotations

from roles.monitoring.dashboards.asked import FAN, GPU, GPUS, HERE, YES_NO, gpus
from roles.monitoring.dashboards.dashboard import Row
from roles.monitoring.dashboards.panel import Panel, Query

HEAT = Row(
    "Heat",
    (
        Panel(
            "Temperature",
            (
                gpus("deeprig_gpu_temperature_celsius"),
                gpus("deeprig_gpu_memory_temperature_celsius", "GPU {{gpu}} memory"),
                gpus("deeprig_gpu_slowdown_temperature_celsius", "GPU {{gpu}} slows down at"),
            ),
            unit="celsius",
        ),
        Panel(
            "Margin to slowdown",
            (gpus("deeprig_gpu_slowdown_margin_celsius"),),
            unit="celsius",
            about="Degrees left until the card slows itself down. Below 5 there is an alert.",
        ),
        Panel(
            "Fans: wanted, intended",
            (
                Query(f"deeprig_cooling_target_ratio{GPUS}", "GPU {{gpu}} wanted by the daemon"),
                gpus("deeprig_gpu_fan_target_ratio", FAN + " asked for"),
                gpus("deeprig_gpu_fan_speed_ratio", FAN + " intended"),
            ),
            unit="percentunit",
            most=1,
            about="A blocked fan still reports the speed that it intends: see the measured one.",
        ),
        Panel("Fans: measured", (gpus("deeprig_gpu_fan_speed_rpm", FAN),), unit="rotrpm"),
        Panel(
            "Cooling daemon",
            (Query(f"deeprig_cooling_mode{GPUS} == 1", "GPU {{gpu}} {{mode}}"),),
            kind="state-timeline",
            width=24,
            height=5,
        ),
    ),
)
WORK = Row(
    "Power, clocks, load",
    (
        Panel(
            "Power",
            (
                gpus("deeprig_gpu_power_watts"),
                gpus("deeprig_gpu_power_limit_watts", "GPU {{gpu}} limit"),
                gpus("deeprig_gpu_power_limit_declared_watts", "GPU {{gpu}} declared limit"),
            ),
            unit="watt",
        ),
        Panel(
            "Load",
            (
                gpus("deeprig_gpu_utilization_ratio"),
                gpus("deeprig_gpu_memory_utilization_ratio", "GPU {{gpu}} memory"),
            ),
            unit="percentunit",
            most=1,
        ),
        Panel(
            "Clocks",
            (
                gpus("deeprig_gpu_clock_hertz", "GPU {{gpu}} {{clock}}"),
                gpus("deeprig_gpu_clock_max_hertz", "GPU {{gpu}} {{clock}} at most"),
            ),
            unit="hertz",
        ),
        Panel(
            "What holds the clocks down",
            (Query(f"deeprig_gpu_clock_event{GPUS}", "GPU {{gpu}} {{reason}}"),),
            kind="state-timeline",
            words=YES_NO,
            steps=(0.5, 1),
            about="gpu_idle and software_power_cap are no faults.",
        ),
        Panel(
            "Share of time in which clocks were held down",
            (
                Query(
                    f"rate(deeprig_gpu_clock_held_seconds_total{GPUS}[$__rate_interval])",
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
                    f"increase(deeprig_gpu_energy_joules_total{GPUS}[$__range])",
                    GPU,
                ),
            ),
            kind="stat",
            unit="joule",
            about="Used in the time that is shown.",
        ),
    ),
)
MEMORY = Row(
    "Memory, processes, errors",
    (
        Panel(
            "Memory",
            (
                gpus("deeprig_gpu_memory_used_bytes"),
                gpus("deeprig_gpu_memory_total_bytes", "GPU {{gpu}} in all"),
            ),
            unit="bytes",
        ),
        Panel(
            "Memory by user",
            (gpus("deeprig_gpu_process_memory_bytes", "GPU {{gpu}} {{user}}"),),
            unit="bytes",
        ),
        Panel("Processes", (gpus("deeprig_gpu_processes", "GPU {{gpu}} {{user}}"),), width=8),
        Panel(
            "Memory errors",
            (
                gpus("deeprig_gpu_ecc_errors_total", "GPU {{gpu}} {{kind}} {{period}}"),
                gpus("deeprig_gpu_remapped_rows_total", "GPU {{gpu}} rows {{kind}}"),
                gpus("deeprig_gpu_retired_pages_total", "GPU {{gpu}} pages {{cause}}"),
            ),
            width=8,
        ),
        Panel(
            "Repairs that wait or failed",
            (
                gpus("deeprig_gpu_row_remap_pending", "GPU {{gpu}} row waits for a reset"),
                gpus("deeprig_gpu_row_remap_failed", "GPU {{gpu}} row could not be replaced"),
                gpus("deeprig_gpu_retired_pages_pending", "GPU {{gpu}} pages wait for a reboot"),
            ),
            kind="state-timeline",
            words=YES_NO,
            steps=(0.5, 1),
            width=8,
        ),
        Panel(
            "Xid errors",
            (Query(f"deeprig_xid_last_timestamp_seconds{{{HERE}}} * 1000"),),
            kind="table",
            renamed=(("address", "GPU at"), ("code", "Xid"), ("Value", "last")),
            column_units=(("last", "dateTimeAsIso"),),
        ),
        Panel(
            "PCIe lanes",
            (
                gpus("deeprig_gpu_pcie_width_lanes"),
                gpus("deeprig_gpu_pcie_width_max_lanes", "GPU {{gpu}} at most"),
            ),
            width=6,
        ),
        Panel(
            "PCIe packets sent again",
            (Query(f"rate(deeprig_gpu_pcie_replays_total{GPUS}[$__rate_interval])", GPU),),
            width=6,
            unit="cps",
        ),
    ),
)
