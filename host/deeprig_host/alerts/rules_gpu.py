"""Alerts about GPUs: lost, hot, failing memory, fans, links."""

from __future__ import annotations

from deeprig_host.alerts.conditions import Age, Alert, Compare, Every, Label, Series
from deeprig_host.metrics import names

#: Codes after which a card or the machine needs a person; those that a program's own mistake
#: causes (13, 31, 43), and reports of what was repaired (63, 92), are never told.
XID_CRITICAL = ("48", "62", "64", "74", "79", "95", "119", "120")
XID_WARNING = ("94",)
#: How long an Xid is news.
XID_SECONDS = 3600

_GPU = ("gpu", "uuid")


def _xid(codes: tuple[str, ...]) -> Compare:
    """Return that an Xid of these codes was logged lately (its time, so that one is enough)."""
    return Compare(
        Age(Series(names.XID_LAST.name, (Label("code", codes),))), "<", float(XID_SECONDS)
    )


def _is_one(metric: str, *where: Label) -> Compare:
    return Compare(Series(metric, where), "==", 1.0)


_ERRORS = (
    Alert(
        "GpuXidCritical",
        "critical",
        "Xid {code} on GPU {address}, {value} ago",
        "The driver reported an error after which the GPU cannot be trusted: memory that could not "
        "be corrected, a broken link, a GPU that fell off the bus or whose firmware is stuck.",
        "Stop work on this GPU. `journalctl -k -g Xid` has the lines. Reboot; when it comes again, "
        "check power cables, seating and heat, then have the card replaced.",
        _xid(XID_CRITICAL),
        ("address", "code"),
        value_form="seconds",
    ),
    Alert(
        "GpuXidContained",
        "warning",
        "Xid {code} on GPU {address}, {value} ago",
        "A memory error could not be corrected, and only the program that met it was ended.",
        "Start that program again from its checkpoint. Reset the GPU (or reboot) when no one uses "
        "it, so that the bad row is replaced.",
        _xid(XID_WARNING),
        ("address", "code"),
        value_form="seconds",
    ),
    Alert(
        "GpuEccUncorrected",
        "critical",
        "{value} uncorrected memory errors on GPU {gpu} since the driver was loaded",
        "Memory gave wrong data that could not be corrected: results since then may be wrong.",
        "Distrust what ran on this GPU, reset it or reboot; when it comes again, replace the card.",
        Compare(
            Series(
                names.ECC_ERRORS.name,
                (Label("kind", ("uncorrected",)), Label("period", ("volatile",))),
            ),
            ">",
            0.0,
        ),
        _GPU,
    ),
    Alert(
        "GpuRowRemapFailed",
        "critical",
        "GPU {gpu} could not replace a bad row of its memory",
        "The card has no spare rows left where the error is.",
        "Have the card replaced: NVIDIA's guide names this as a reason for a return.",
        _is_one(names.ROW_REMAP_FAILED.name),
        _GPU,
    ),
    Alert(
        "GpuRowRemapPending",
        "warning",
        "GPU {gpu} waits for a reset to replace a bad row of its memory",
        "A row had an uncorrectable error; it stays in use until the GPU is reset.",
        "Reset the GPU (`nvidia-smi --gpu-reset -i INDEX`, nobody on it) or reboot.",
        _is_one(names.ROW_REMAP_PENDING.name),
        _GPU,
    ),
    Alert(
        "GpuRetiredPagesPending",
        "warning",
        "GPU {gpu} waits for a reboot to retire bad pages of its memory",
        "As a pending row, on cards before row remapping.",
        "Reboot; when it comes again and again, replace the card.",
        _is_one(names.RETIRED_PAGES_PENDING.name),
        _GPU,
    ),
)
_PRESENCE = (
    Alert(
        "GpuLost",
        "critical",
        "GPU {gpu} ({uuid}) does not answer",
        "The driver lists the GPU, and it answers nothing: it fell off the bus, or is stuck.",
        "Save what runs on the others, then power the machine off and on. When it comes again: "
        "power cables, riser, seating, heat, another slot.",
        Compare(Series(names.GPU_UP.name), "==", 0.0),
        _GPU,
        for_seconds=60,
    ),
    Alert(
        "GpuMissing",
        "critical",
        "only {value} of the GPUs on the PCI bus answer",
        "The kernel sees more NVIDIA GPUs on the bus than the driver can use.",
        "`dmesg | grep NVRM` says why: too old a driver, a power cable, no room for its memory "
        "(Above 4G Decoding in the firmware's setup), or a defect.",
        Compare(Series(names.GPUS_ANSWERING.name), "<", Series(names.GPUS_ON_BUS.name)),
        for_seconds=120,
    ),
    Alert(
        "NvmlUnusable",
        "critical",
        "the NVIDIA driver cannot be used, though a GPU is there",
        "No library, no loaded module, or versions that do not fit: no training, no fan control.",
        "`nvidia-smi` says why; `deeprig apply` repairs it, after a driver update a reboot does.",
        Every(
            (
                Compare(Series(names.NVML_UP.name), "==", 0.0),
                Compare(Series(names.GPUS_ON_BUS.name), ">", 0.0),
            )
        ),
        for_seconds=300,
    ),
    Alert(
        "DriverMismatch",
        "warning",
        "the loaded NVIDIA module is not of the installed version",
        "The driver was updated below running programs: what starts now cannot use the GPU.",
        "Reboot the machine (`deeprig apply` does it where allowed).",
        Compare(Series(names.DRIVER_MISMATCH.name), "==", 1.0),
        for_seconds=900,
    ),
    Alert(
        "PcieWidthReduced",
        "warning",
        "GPU {gpu} works over {value} PCIe lanes, fewer than it could",
        "Under load, a link has fewer lanes than card and slot have: copies to the GPU are slow.",
        "Reseat the card, clean its contacts, check the riser and the firmware's lane settings.",
        Every(
            (
                Compare(Series(names.PCIE_WIDTH.name), "<", Series(names.PCIE_WIDTH_MAX.name)),
                Compare(Series(names.UTILIZATION.name), ">", 0.2),
            )
        ),
        _GPU,
        for_seconds=600,
    ),
)
_HEAT = (
    Alert(
        "GpuNearSlowdown",
        "critical",
        "GPU {gpu} is {value} °C below the temperature at which it slows itself down",
        "The margin to the card's own slowdown temperature is used up.",
        "Look at its fans and the air around it; lower its power limit or pause work until then.",
        Compare(Series(names.SLOWDOWN_MARGIN.name), "<=", 5.0),
        _GPU,
        for_seconds=60,
    ),
    Alert(
        "GpuHardwareSlowdown",
        "critical",
        "GPU {gpu} is slowed down by its hardware: {reason}",
        "The card cuts its clocks to survive: too hot, or its power supply says stop.",
        "hardware_thermal: fans, dust, air. hardware_power_brake: the power supply or its cables "
        "are at their limit; lower the power limits.",
        _is_one(
            names.CLOCK_EVENT.name, Label("reason", ("hardware_thermal", "hardware_power_brake"))
        ),
        (*_GPU, "reason"),
        for_seconds=300,
    ),
    Alert(
        "GpuThermalThrottle",
        "warning",
        "GPU {gpu} is throttled by the driver: too hot",
        "Nothing is in danger, but training is slower than it could be (up to about 30 %).",
        "Let the fans turn faster (role cooling: a lower target), make room between the cards, or "
        "lower the power limit.",
        _is_one(names.CLOCK_EVENT.name, Label("reason", ("software_thermal",))),
        _GPU,
        for_seconds=900,
    ),
    Alert(
        "GpuFanStopped",
        "critical",
        "fan {fan} of GPU {gpu} is told to turn and does not",
        "The card reports the speed that it intends; the measured one is 0: blocked or broken.",
        "Pause work on this GPU and look at the fan: a cable in it, dust, a bearing.",
        Every(
            (
                Compare(Series(names.FAN_RPM.name), "==", 0.0),
                Compare(Series(names.FAN_SPEED.name), ">", 0.0),
            )
        ),
        (*_GPU, "fan"),
        for_seconds=120,
    ),
)

ALERTS: tuple[Alert, ...] = (*_ERRORS, *_PRESENCE, *_HEAT)
