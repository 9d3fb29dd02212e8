"""Every metric that the collector writes: nothing else is written, rules and panels use only these.

A series is there only where its value is known: a card without fans has no fan series, never 0.
Units and ends of names are Prometheus' (a ratio is 0 to 1, a time is Unix seconds).
Series about one GPU carry ``gpu`` (NVML's index, as nvidia-smi shows it) and ``uuid``.
"""

from __future__ import annotations

from deeprig_host.metrics.backup_names import METRICS as BACKUP_METRICS
from deeprig_host.metrics.metric import GPU_LABELS as GPU
from deeprig_host.metrics.metric import Metric

#: Why clocks are below what was asked for (nvmlClocksEventReasons); ``gpu_idle`` and
#: ``software_power_cap`` are no faults.
CLOCK_EVENT_REASONS = (
    "gpu_idle",
    "applications_clocks_setting",
    "software_power_cap",
    "hardware_slowdown",
    "sync_boost",
    "software_thermal",
    "hardware_thermal",
    "hardware_power_brake",
    "display_clock_setting",
)
#: What a card counts the time of (nvmlPerfPolicyType_t).
CLOCK_HOLD_REASONS = ("power", "thermal", "board_limit", "reliability")
#: Modes of a GPU in the cooling daemon's status.
COOLING_MODES = ("curve", "target", "monitor", "failsafe", "released", "lost")
#: Why NVML cannot be used at all.
NVML_FAILURES = (
    "no_library",
    "no_driver",
    "version_mismatch",
    "forbidden",
    "hanging",
    "crashed",
    "other",
)
#: Why one GPU does not answer; ``nvml``: because NVML itself cannot be used any more.
GPU_FAILURES = (
    "lost",
    "reset_required",
    "power_cable",
    "forbidden",
    "hanging",
    "crashed",
    "nvml",
    "other",
)
#: What leaves a status file on the host.
STATUS_KINDS = ("verify", "apply", "pull", "backup", "backup_server")
#: Parts of the collector: one that fails costs only its own series.
PARTS = (
    "nvml",
    "gpu",
    "xid",
    "bus",
    "driver",
    "cooling",
    "status",
    "backup",
    "backup_server",
    "updates",
    "kernel",
    "power",
)

# NVML and the driver
NVML_UP = Metric("deeprig_nvml_up", "gauge", "1 if NVML could be opened and told its GPUs.")
NVML_FAILURE = Metric(
    "deeprig_nvml_failure_info",
    "gauge",
    "1 for the reason why NVML cannot be used; no series while it can.",
    ("reason",),
    NVML_FAILURES,
)
GPUS_ON_BUS = Metric(
    "deeprig_gpus_on_bus", "gauge", "NVIDIA GPUs that the kernel sees on the PCI bus."
)
GPUS_ANSWERING = Metric("deeprig_gpus_answering", "gauge", "GPUs that NVML lists and that answer.")
DRIVER_INFO = Metric(
    "deeprig_driver_info",
    "gauge",
    "1; versions of the loaded module and of the installed library, empty where not known.",
    ("loaded", "installed"),
)
DRIVER_MISMATCH = Metric(
    "deeprig_driver_mismatch",
    "gauge",
    "1 if the loaded NVIDIA module has another version than the installed library.",
)

# One GPU: who it is
GPU_INFO = Metric(
    "deeprig_gpu_info",
    "gauge",
    "1; name, PCI address and firmware of a GPU that answers.",
    (*GPU, "name", "address", "vbios"),
)
GPU_UP = Metric(
    "deeprig_gpu_up",
    "gauge",
    "1 if the GPU answers. For one that does not, uuid is the one it had when it last did.",
    GPU,
)
GPU_FAILURE = Metric(
    "deeprig_gpu_failure_info",
    "gauge",
    "1 for the reason why the GPU does not answer; no series while it does.",
    (*GPU, "reason"),
    GPU_FAILURES,
)

# One GPU: heat
TEMPERATURE = Metric(
    "deeprig_gpu_temperature_celsius", "gauge", "Temperature of the GPU's core.", GPU
)
MEMORY_TEMPERATURE = Metric(
    "deeprig_gpu_memory_temperature_celsius", "gauge", "Temperature of the GPU's memory.", GPU
)
SLOWDOWN_TEMPERATURE = Metric(
    "deeprig_gpu_slowdown_temperature_celsius",
    "gauge",
    "Core temperature at which the card slows itself down in hardware.",
    GPU,
)
SHUTDOWN_TEMPERATURE = Metric(
    "deeprig_gpu_shutdown_temperature_celsius",
    "gauge",
    "Core temperature at which the card switches itself off.",
    GPU,
)
SLOWDOWN_MARGIN = Metric(
    "deeprig_gpu_slowdown_margin_celsius",
    "gauge",
    "Degrees left until the card slows itself down; at or below 0 it does.",
    GPU,
)
FAN_TARGET = Metric(
    "deeprig_gpu_fan_target_ratio", "gauge", "Fan speed that was asked for.", (*GPU, "fan")
)
FAN_SPEED = Metric(
    "deeprig_gpu_fan_speed_ratio",
    "gauge",
    "Fan speed that the card intends; a blocked fan still reports it.",
    (*GPU, "fan"),
)
FAN_RPM = Metric(
    "deeprig_gpu_fan_speed_rpm", "gauge", "Turns per minute that were measured.", (*GPU, "fan")
)
FAN_MANUAL = Metric(
    "deeprig_gpu_fan_manual", "gauge", "1 if a program, 0 if the card sets the fan.", (*GPU, "fan")
)

# One GPU: power, clocks, load
POWER = Metric("deeprig_gpu_power_watts", "gauge", "Power that the GPU draws.", GPU)
POWER_LIMIT = Metric("deeprig_gpu_power_limit_watts", "gauge", "Power limit that is set.", GPU)
POWER_LIMIT_DEFAULT = Metric(
    "deeprig_gpu_power_limit_default_watts", "gauge", "Power limit that the card comes with.", GPU
)
POWER_LIMIT_DECLARED = Metric(
    "deeprig_gpu_power_limit_declared_watts",
    "gauge",
    "Power limit that is declared for the card; no series where none is, or where a budget shares "
    "the machine's power out.",
    GPU,
)
ENERGY = Metric(
    "deeprig_gpu_energy_joules_total", "counter", "Energy used since the driver was loaded.", GPU
)
CLOCK = Metric("deeprig_gpu_clock_hertz", "gauge", "Clock now.", (*GPU, "clock"), ("sm", "memory"))
CLOCK_MAX = Metric(
    "deeprig_gpu_clock_max_hertz",
    "gauge",
    "Highest clock of the card.",
    (*GPU, "clock"),
    ("sm", "memory"),
)
CLOCK_EVENT = Metric(
    "deeprig_gpu_clock_event",
    "gauge",
    "1 for each reason that holds the clocks down now, 0 for each that does not.",
    (*GPU, "reason"),
    CLOCK_EVENT_REASONS,
)
CLOCK_HELD = Metric(
    "deeprig_gpu_clock_held_seconds_total",
    "counter",
    "For how long this has held the clocks down: sees what happens between two collections.",
    (*GPU, "reason"),
    CLOCK_HOLD_REASONS,
)
PERFORMANCE_STATE = Metric(
    "deeprig_gpu_performance_state", "gauge", "P-state: 0 is the fastest, 15 the slowest.", GPU
)
PERSISTENCE_MODE = Metric(
    "deeprig_gpu_persistence_mode", "gauge", "1 if the driver keeps the card awake.", GPU
)
UTILIZATION = Metric(
    "deeprig_gpu_utilization_ratio", "gauge", "Share of time in which a kernel ran.", GPU
)
MEMORY_UTILIZATION = Metric(
    "deeprig_gpu_memory_utilization_ratio",
    "gauge",
    "Share of time in which memory was read or written.",
    GPU,
)

# One GPU: memory and errors
MEMORY_USED = Metric(
    "deeprig_gpu_memory_used_bytes", "gauge", "Memory in use by processes and driver.", GPU
)
MEMORY_TOTAL = Metric("deeprig_gpu_memory_total_bytes", "gauge", "Memory of the card.", GPU)
ECC_ENABLED = Metric(
    "deeprig_gpu_ecc_enabled", "gauge", "1 if the card corrects memory errors.", GPU
)
ECC_ERRORS = Metric(
    "deeprig_gpu_ecc_errors_total",
    "counter",
    "Memory errors: since the driver was loaded (volatile), in the card's life (aggregate).",
    (*GPU, "kind", "period"),
    ("volatile", "aggregate"),
)
REMAPPED_ROWS = Metric(
    "deeprig_gpu_remapped_rows_total",
    "counter",
    "Rows of memory that were replaced after errors, in the card's life.",
    (*GPU, "kind"),
    ("corrected", "uncorrected"),
)
ROW_REMAP_PENDING = Metric(
    "deeprig_gpu_row_remap_pending", "gauge", "1 if a row will be replaced at a GPU reset.", GPU
)
ROW_REMAP_FAILED = Metric(
    "deeprig_gpu_row_remap_failed",
    "gauge",
    "1 if replacing a row has failed: the card is bad.",
    GPU,
)
RETIRED_PAGES = Metric(
    "deeprig_gpu_retired_pages_total",
    "counter",
    "Pages of memory that are no longer used (cards before row remapping).",
    (*GPU, "cause"),
    ("single_bit", "double_bit"),
)
RETIRED_PAGES_PENDING = Metric(
    "deeprig_gpu_retired_pages_pending",
    "gauge",
    "1 if pages will be retired at the next reboot.",
    GPU,
)
XID_LOGGED = Metric(
    "deeprig_xid_log_entries",
    "gauge",
    "Xid errors in the host's log, which is bounded: old ones leave it.",
    ("address", "code"),
)
XID_LAST = Metric(
    "deeprig_xid_last_timestamp_seconds",
    "gauge",
    "When this Xid was last logged for this GPU.",
    ("address", "code"),
)

# One GPU: PCIe and processes
PCIE_GENERATION = Metric(
    "deeprig_gpu_pcie_generation", "gauge", "PCIe generation now; falls while idle by design.", GPU
)
PCIE_GENERATION_MAX = Metric(
    "deeprig_gpu_pcie_generation_max",
    "gauge",
    "Highest PCIe generation of card and slot together.",
    GPU,
)
PCIE_WIDTH = Metric("deeprig_gpu_pcie_width_lanes", "gauge", "PCIe lanes in use now.", GPU)
PCIE_WIDTH_MAX = Metric(
    "deeprig_gpu_pcie_width_max_lanes", "gauge", "PCIe lanes of card and slot together.", GPU
)
PCIE_REPLAYS = Metric(
    "deeprig_gpu_pcie_replays_total", "counter", "PCIe packets that had to be sent again.", GPU
)
PROCESSES = Metric(
    "deeprig_gpu_processes", "gauge", "Processes of a user on the GPU.", (*GPU, "user")
)
PROCESS_MEMORY = Metric(
    "deeprig_gpu_process_memory_bytes",
    "gauge",
    "GPU memory of a user's processes; no series where the driver does not tell for one of them.",
    (*GPU, "user"),
)

# The cooling daemon
COOLING_UP = Metric(
    "deeprig_cooling_up",
    "gauge",
    "1 if the cooling daemon has left a status, 0 if it is configured and has not.",
)
COOLING_LOOP = Metric(
    "deeprig_cooling_loop_timestamp_seconds", "gauge", "When the daemon last finished a loop."
)
COOLING_MODE = Metric(
    "deeprig_cooling_mode",
    "gauge",
    "1 for the mode in which the daemon has this GPU, 0 for the others.",
    (*GPU, "mode"),
    COOLING_MODES,
)
COOLING_TARGET = Metric(
    "deeprig_cooling_target_ratio", "gauge", "Fan speed that the daemon wants.", GPU
)

# What deeprig did on the host, and its system
STATUS_TIME = Metric(
    "deeprig_status_timestamp_seconds",
    "gauge",
    "When this was last done on the host.",
    ("what",),
    STATUS_KINDS,
)
STATUS_OK = Metric(
    "deeprig_status_ok", "gauge", "1 if it was good the last time.", ("what",), STATUS_KINDS
)
STATUS_FAILED = Metric(
    "deeprig_status_failed",
    "gauge",
    "How many parts of it failed the last time.",
    ("what",),
    STATUS_KINDS,
)
UPDATES_PENDING = Metric(
    "deeprig_updates_pending",
    "gauge",
    "Packages that could be upgraded, where the system keeps count.",
    ("kind",),
    ("all", "security"),
)
UPDATES_TIME = Metric(
    "deeprig_updates_timestamp_seconds",
    "gauge",
    "When apt last refreshed its lists, or ran its unattended upgrade, by itself.",
    ("step",),
    ("refresh", "upgrade"),
)
REBOOT_REQUIRED = Metric("deeprig_reboot_required", "gauge", "1 if an update asks for a reboot.")
REBOOT_REQUIRED_SINCE = Metric(
    "deeprig_reboot_required_since_timestamp_seconds",
    "gauge",
    "Since when an update asks for a reboot; no series while none does.",
)
KERNEL_INFO = Metric(
    "deeprig_kernel_info",
    "gauge",
    "1; the kernel that runs and the one that the next boot starts, empty where not known.",
    ("running", "next"),
)
KERNEL_MISMATCH = Metric(
    "deeprig_kernel_mismatch", "gauge", "1 if the next boot starts another kernel."
)

# The collector itself
COLLECTOR_LAST = Metric(
    "deeprig_collector_last_success_timestamp_seconds",
    "gauge",
    "When these metrics were collected.",
)
COLLECTOR_DURATION = Metric(
    "deeprig_collector_duration_seconds", "gauge", "How long collecting them took."
)
COLLECTOR_PART_UP = Metric(
    "deeprig_collector_part_up",
    "gauge",
    "1 if this part of the collector could do its work, 0 if it failed.",
    ("part",),
    PARTS,
)
COLLECTOR_ERRORS = Metric(
    "deeprig_collector_errors_total",
    "counter",
    "Failures of this part since the collector was started.",
    ("part",),
    PARTS,
)

#: All of them, in the order in which they are written and documented.
METRICS: tuple[Metric, ...] = (
    *(value for value in globals().values() if isinstance(value, Metric)),
    *BACKUP_METRICS,
)
