"""One GPU's answers become its series; a refusal never does."""

import pynvml
import pytest
from deeprig_host.metrics import names
from deeprig_host.metrics.card_read import read_card
from deeprig_host.metrics.names import METRICS

from .simulated_card import processes, refused, whole

OWNERS = {101: "ada", 102: "ada", 103: "root"}
_CALLS = sorted(whole())


def read(gpu):
    return read_card(gpu, OWNERS.__getitem__)


def values(message):
    """Return every value by name and labels behind the GPU's own."""
    assert all(sample.labels[:2] == ("0", "GPU-0") for sample in message.samples)
    return {
        (sample.metric.name.removeprefix("deeprig_gpu_"), *sample.labels[2:]): sample.value
        for sample in message.samples
    }


def test_a_card_that_answers_everything_has_every_series(card, gpu):
    message = read(gpu)
    assert (message.failure, message.refusals) == (None, ())
    told = values(message)
    assert told["up",] == 1
    assert told["info", "Simulated card", "0000:01:00.0", "94.02.42.00.01"] == 1
    assert told["temperature_celsius",] == 61
    assert told["slowdown_temperature_celsius",] == 93
    assert told["slowdown_margin_celsius",] == 32
    assert told["fan_target_ratio", "0"] == 0.45
    assert told["fan_speed_ratio", "0"] == 0.44
    assert (told["fan_speed_rpm", "0"], told["fan_speed_rpm", "1"]) == (1320, 1310)
    assert told["fan_manual", "0"] == 1
    assert told["power_watts",] == 187.5
    assert told["power_limit_watts",] == 300
    assert told["power_limit_default_watts",] == 350
    assert told["energy_joules_total",] == 43.992
    assert told["clock_hertz", "sm"] == 1_695_000_000
    assert told["clock_max_hertz", "memory"] == 9_751_000_000
    assert told["clock_event", "software_power_cap"] == 1
    assert told["clock_event", "hardware_thermal"] == 0
    assert told["clock_held_seconds_total", "power"] == 90.5
    assert told["clock_held_seconds_total", "thermal"] == 0
    assert ("clock_held_seconds_total", "board_limit") not in told
    assert told["utilization_ratio",] == 0.97
    assert told["memory_used_bytes",] == 8 << 30
    assert told["memory_total_bytes",] == 24 << 30
    assert told["ecc_errors_total", "uncorrected", "aggregate"] == 3
    assert told["remapped_rows_total", "corrected"] == 2
    assert told["row_remap_pending",] == 1
    assert told["row_remap_failed",] == 0
    assert told["retired_pages_total", "double_bit"] == 2
    assert (told["pcie_width_lanes",], told["pcie_width_max_lanes",]) == (8, 16)
    assert (told["pcie_generation",], told["pcie_generation_max",]) == (1, 4)
    assert told["pcie_replays_total",] == 7
    assert (told["processes", "ada"], told["processes", "root"]) == (2, 1)
    assert told["process_memory_bytes", "ada"] == 3 << 30


@pytest.mark.parametrize("call", _CALLS)
@pytest.mark.parametrize(
    ("code", "is_fault"),
    [
        (pynvml.NVML_ERROR_NOT_SUPPORTED, False),
        (pynvml.NVML_ERROR_NO_PERMISSION, False),
        (pynvml.NVML_ERROR_UNKNOWN, True),
    ],
)
def test_a_refused_call_costs_only_what_it_tells(card, gpu, call, code, is_fault):
    everything = values(read(gpu))
    card.answers[call] = refused(code)
    message = read(gpu)
    left = values(message)
    assert message.failure is None
    assert 0 < len(left) < len(everything) or call in _TOLD_OTHERWISE
    assert all(everything.get(key, value) == value for key, value in left.items())
    assert any(_ASKED_AS.get(call, call) in refusal for refusal in message.refusals) == (
        is_fault and call not in _NOT_JUDGED
    )


#: What is told without these calls too, by another call or with an empty label.
_TOLD_OTHERWISE = (
    "nvmlDeviceGetVbiosVersion",
    "nvmlDeviceGetSupportedClocksEventReasons",
)
#: Calls that a refusal names otherwise.
_ASKED_AS = {"nvmlDeviceGetFanSpeedRPM": "_rpm"}
#: Calls whose refusal only means that less is told of a card.
_NOT_JUDGED = (
    *_TOLD_OTHERWISE,
    "nvmlDeviceGetTemperatureThreshold",
    "nvmlDeviceGetFanControlPolicy_v2",
    "nvmlDeviceGetGraphicsRunningProcesses_v3",
)


def test_a_card_that_refuses_everything_is_only_there(card, gpu):
    card.answers.clear()
    assert values(read(gpu)) == {("up",): 1, ("info", "Simulated card", "0000:01:00.0", ""): 1}


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (pynvml.NVML_ERROR_GPU_IS_LOST, "lost"),
        (pynvml.NVML_ERROR_GPU_NOT_FOUND, "lost"),
        (pynvml.NVML_ERROR_RESET_REQUIRED, "reset_required"),
        (pynvml.NVML_ERROR_DRIVER_NOT_LOADED, "nvml"),
    ],
)
def test_a_card_that_goes_while_it_is_asked_tells_nothing(card, gpu, code, reason):
    card.answers["nvmlDeviceGetPcieReplayCounter"] = refused(code)
    message = read(gpu)
    assert (message.failure, len(message.samples)) == (reason, 0)
    assert reason in names.GPU_FAILURES


def test_an_answer_that_is_no_text_costs_its_own_card(card, gpu):
    def garbage(handle):
        return b"\xff\xfe".decode()

    card.answers["nvmlDeviceGetVbiosVersion"] = garbage
    message = read(gpu)
    assert message.failure is None
    assert "utf-8" in message.refusals[0]


def test_calls_of_older_drivers_serve_where_those_of_today_are_not_there(card, gpu):
    everything = values(read(gpu))
    for today, before in (
        ("nvmlDeviceGetCurrentClocksEventReasons", "nvmlDeviceGetCurrentClocksThrottleReasons"),
        ("nvmlDeviceGetSupportedClocksEventReasons", "nvmlDeviceGetSupportedClocksThrottleReasons"),
        ("nvmlDeviceGetComputeRunningProcesses_v3", "nvmlDeviceGetComputeRunningProcesses_v2"),
        ("nvmlDeviceGetGraphicsRunningProcesses_v3", "nvmlDeviceGetGraphicsRunningProcesses_v2"),
    ):
        card.answers[before] = card.answers.pop(today)
        card.answers[today] = refused(pynvml.NVML_ERROR_FUNCTION_NOT_FOUND)
    assert values(read(gpu)) == everything


def test_a_reason_that_the_card_cannot_tell_has_no_series(card, gpu):
    card.answers["nvmlDeviceGetSupportedClocksEventReasons"] = pynvml.nvmlClocksEventReasonGpuIdle
    events = {key[1]: value for key, value in values(read(gpu)).items() if key[0] == "clock_event"}
    assert events == {"gpu_idle": 0, "software_power_cap": 1}


def test_memory_is_not_told_where_one_process_has_an_unknown_part(card, gpu):
    card.answers["nvmlDeviceGetComputeRunningProcesses_v3"] = processes((101, None), (102, 5))
    told = values(read(gpu))
    assert told["processes", "ada"] == 2
    assert ("process_memory_bytes", "ada") not in told
    assert told["process_memory_bytes", "root"] == 1 << 20


def test_a_process_that_computes_and_draws_is_one(card, gpu):
    card.answers["nvmlDeviceGetGraphicsRunningProcesses_v3"] = processes((101, 1 << 30))
    assert values(read(gpu))["processes", "ada"] == 2


def test_a_p_state_that_is_unknown_is_not_told(card, gpu):
    card.answers["nvmlDeviceGetPerformanceState"] = pynvml.NVML_PSTATE_UNKNOWN
    assert ("performance_state",) not in values(read(gpu))


def test_no_series_is_about_what_a_process_runs():
    labels = {label for metric in METRICS for label in metric.labels}
    assert labels.isdisjoint({"pid", "command", "process", "cmdline", "container"})
