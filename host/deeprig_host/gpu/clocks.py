"""The clocks of a GPU, its load, and what holds the clocks down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pynvml

from deeprig_host.gpu.answers import Unanswered, ask

#: nvml.h, nvmlClocksEventReasons: name to bit.
EVENT_REASONS = (
    ("gpu_idle", pynvml.nvmlClocksEventReasonGpuIdle),
    ("applications_clocks_setting", pynvml.nvmlClocksEventReasonApplicationsClocksSetting),
    ("software_power_cap", pynvml.nvmlClocksEventReasonSwPowerCap),
    ("hardware_slowdown", pynvml.nvmlClocksEventReasonHwSlowdown),
    ("sync_boost", pynvml.nvmlClocksEventReasonSyncBoost),
    ("software_thermal", pynvml.nvmlClocksEventReasonSwThermalSlowdown),
    ("hardware_thermal", pynvml.nvmlClocksEventReasonHwThermalSlowdown),
    ("hardware_power_brake", pynvml.nvmlClocksEventReasonHwPowerBrakeSlowdown),
    ("display_clock_setting", pynvml.nvmlClocksEventReasonDisplayClockSetting),
)
#: nvml.h, nvmlPerfPolicyType_t: what a card counts the time of.
HOLD_REASONS = (
    ("power", pynvml.NVML_PERF_POLICY_POWER),
    ("thermal", pynvml.NVML_PERF_POLICY_THERMAL),
    ("board_limit", pynvml.NVML_PERF_POLICY_BOARD_LIMIT),
    ("reliability", pynvml.NVML_PERF_POLICY_RELIABILITY),
)


@dataclass(frozen=True, slots=True)
class Clock:
    """One clock in MHz: now, and the highest that the card has."""

    now_megahertz: int | Unanswered
    max_megahertz: int | Unanswered


@dataclass(frozen=True, slots=True)
class Clocks:
    """The clocks of the multiprocessors and of the memory; ``state`` is P0 (fastest) to P15."""

    sm: Clock
    memory: Clock
    state: int | Unanswered


@dataclass(frozen=True, slots=True)
class Load:
    """Percent of the last sample period in which a kernel ran, and memory was accessed."""

    gpu_percent: int
    memory_percent: int


def clocks(handle: Any) -> Clocks:
    """Return the clocks of a card."""
    state = ask(pynvml.nvmlDeviceGetPerformanceState, handle)
    return Clocks(
        sm=_clock(handle, pynvml.NVML_CLOCK_SM),
        memory=_clock(handle, pynvml.NVML_CLOCK_MEM),
        # nvml.h: NVML_PSTATE_UNKNOWN is an answer too, and none.
        state=Unanswered(
            "nvmlDeviceGetPerformanceState", pynvml.NVML_ERROR_NOT_SUPPORTED, "unknown"
        )
        if state == pynvml.NVML_PSTATE_UNKNOWN
        else state,
    )


def load(handle: Any) -> Load | Unanswered:
    """Return how busy a card is."""
    told = ask(pynvml.nvmlDeviceGetUtilizationRates, handle)
    if isinstance(told, Unanswered):
        return told
    return Load(int(told.gpu), int(told.memory))


def clock_events(handle: Any) -> dict[str, bool] | Unanswered:
    """Return for each reason that this card can tell whether it holds the clocks down now."""
    active = _reasons(
        handle,
        pynvml.nvmlDeviceGetCurrentClocksEventReasons,
        pynvml.nvmlDeviceGetCurrentClocksThrottleReasons,
    )
    if isinstance(active, Unanswered):
        return active
    supported = _reasons(
        handle,
        pynvml.nvmlDeviceGetSupportedClocksEventReasons,
        pynvml.nvmlDeviceGetSupportedClocksThrottleReasons,
    )
    # A reason that is on is told, whatever the card says of what it supports.
    can_tell = active | (-1 if isinstance(supported, Unanswered) else supported)
    return {name: bool(active & bit) for name, bit in EVENT_REASONS if can_tell & bit}


def held_nanoseconds(handle: Any) -> tuple[tuple[str, int | Unanswered], ...]:
    """Return for how long each reason has held the clocks down since the driver was loaded.

    It sees what happens between two looks (nvml.h, nvmlViolationTime_t: in nanoseconds).
    """
    return tuple((name, _held(handle, policy)) for name, policy in HOLD_REASONS)


def _held(handle: Any, policy: int) -> int | Unanswered:
    told = ask(pynvml.nvmlDeviceGetViolationStatus, handle, policy)
    return told if isinstance(told, Unanswered) else int(told.violationTime)


def _reasons(handle: Any, call: Any, before_535: Any) -> int | Unanswered:
    """Ask by the name of today; drivers before 535 have only the old one, CUDA 14's will not."""
    told = ask(call, handle)
    if isinstance(told, Unanswered) and told.code == pynvml.NVML_ERROR_FUNCTION_NOT_FOUND:
        told = ask(before_535, handle)
    return told if isinstance(told, Unanswered) else int(told)


def _clock(handle: Any, kind: int) -> Clock:
    return Clock(
        ask(pynvml.nvmlDeviceGetClockInfo, handle, kind),
        ask(pynvml.nvmlDeviceGetMaxClockInfo, handle, kind),
    )
