"""A card as a table: what is not in it, the card does not support."""

from dataclasses import dataclass, field
from types import SimpleNamespace

import pynvml


def refused(code):
    """What a call answers that NVML refuses with a code."""
    return pynvml.NVMLError(code)


def processes(*pairs):
    return [SimpleNamespace(pid=pid, usedGpuMemory=used) for pid, used in pairs]


def whole():
    """A card that answers everything."""
    return {
        "nvmlDeviceGetTemperatureV": 61,
        "nvmlDeviceGetTemperatureThreshold": by_kind(
            {
                pynvml.NVML_TEMPERATURE_THRESHOLD_SLOWDOWN: 93,
                pynvml.NVML_TEMPERATURE_THRESHOLD_SHUTDOWN: 98,
            }
        ),
        "nvmlDeviceGetNumFans": 2,
        "nvmlDeviceGetFanSpeed_v2": 44,
        "nvmlDeviceGetFanSpeedRPM": [1320, 1310],
        "nvmlDeviceGetTargetFanSpeed": 45,
        "nvmlDeviceGetFanControlPolicy_v2": pynvml.NVML_FAN_POLICY_MANUAL,
        "nvmlDeviceGetPowerUsage": 187_500,
        "nvmlDeviceGetPowerManagementLimit": 300_000,
        "nvmlDeviceGetPowerManagementDefaultLimit": 350_000,
        "nvmlDeviceGetTotalEnergyConsumption": 43_992,
        "nvmlDeviceGetPersistenceMode": 1,
        "nvmlDeviceGetVbiosVersion": "94.02.42.00.01",
        "nvmlDeviceGetClockInfo": by_kind(
            {pynvml.NVML_CLOCK_SM: 1695, pynvml.NVML_CLOCK_MEM: 9501}
        ),
        "nvmlDeviceGetMaxClockInfo": by_kind(
            {pynvml.NVML_CLOCK_SM: 2100, pynvml.NVML_CLOCK_MEM: 9751}
        ),
        "nvmlDeviceGetPerformanceState": 2,
        "nvmlDeviceGetCurrentClocksEventReasons": pynvml.nvmlClocksEventReasonSwPowerCap,
        "nvmlDeviceGetSupportedClocksEventReasons": 0x1FF,
        "nvmlDeviceGetViolationStatus": by_kind(
            {
                pynvml.NVML_PERF_POLICY_POWER: SimpleNamespace(violationTime=90_500_000_000),
                pynvml.NVML_PERF_POLICY_THERMAL: SimpleNamespace(violationTime=0),
            }
        ),
        "nvmlDeviceGetUtilizationRates": SimpleNamespace(gpu=97, memory=41),
        "nvmlDeviceGetMemoryInfo": SimpleNamespace(used=8 << 30, total=24 << 30, free=16 << 30),
        "nvmlDeviceGetEccMode": [1, 1],
        "nvmlDeviceGetTotalEccErrors": 3,
        "nvmlDeviceGetRemappedRows": (2, 1, 1, 0),
        "nvmlDeviceGetRetiredPages": [0x1000, 0x2000],
        "nvmlDeviceGetRetiredPagesPendingStatus": 0,
        "nvmlDeviceGetCurrPcieLinkGeneration": 1,
        "nvmlDeviceGetMaxPcieLinkGeneration": 4,
        "nvmlDeviceGetCurrPcieLinkWidth": 8,
        "nvmlDeviceGetMaxPcieLinkWidth": 16,
        "nvmlDeviceGetPcieReplayCounter": 7,
        "nvmlDeviceGetComputeRunningProcesses_v3": processes((101, 1 << 30), (102, 2 << 30)),
        "nvmlDeviceGetGraphicsRunningProcesses_v3": processes((103, 1 << 20)),
    }


def by_kind(table):
    """A call whose second argument says which one is meant."""

    def answer(handle, kind):
        if kind not in table:
            raise refused(pynvml.NVML_ERROR_NOT_SUPPORTED)
        return table[kind]

    return answer


@dataclass
class SimulatedCard:
    """Answers by call: a value, a function of the arguments, or an NVMLError to raise."""

    answers: dict = field(default_factory=whole)

    def call(self, name):
        def nvml(*arguments):
            answer = self.answers.get(name, refused(pynvml.NVML_ERROR_NOT_SUPPORTED))
            if isinstance(answer, pynvml.NVMLError):
                raise answer
            return answer(*arguments) if callable(answer) else answer

        nvml.__name__ = name
        return nvml

    def pointer(self, name):
        """Answer what deeprig_host.gpu.fans asks by NVML's own function, for each fan."""
        if name != "nvmlDeviceGetFanSpeedRPM":
            raise refused(pynvml.NVML_ERROR_UNINITIALIZED)  # no library: pynvml's own words serve

        def nvml(handle, reference):
            answer = self.answers.get(name, refused(pynvml.NVML_ERROR_NOT_SUPPORTED))
            if isinstance(answer, pynvml.NVMLError):
                return int(answer.value)
            reference._obj.speed = answer[reference._obj.fan]
            return pynvml.NVML_SUCCESS

        return nvml
