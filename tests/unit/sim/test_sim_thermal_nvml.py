"""nvidia-ml-py reads and steers the simulated cards as it does real ones, faults included."""

import ctypes
import re
from pathlib import Path

import pynvml
import pytest

from tests.sim.thermal.cards import LAPTOP, NEW_LIMITS, OLD_DRIVER, OPEN_AIR_350, PASSIVE_300
from tests.unit.sim.asking import field, refused

ROOT = Path(__file__).parents[3]
ECC = OPEN_AIR_350.but(ecc=1, row_remapping=1, page_retirement=1)

pytestmark = pytest.mark.usefixtures("nvml")


def test_every_call_of_the_host_programs_is_there(library):
    asked = set()
    for room in ("cooling", "gpu", "metrics", "audit"):
        for file in (ROOT / "host/deeprig_host" / room).rglob("*.py"):
            asked |= set(
                re.findall(r"pynvml\.(nvml(?:Device|System|Event|Init|Shut)\w+)", file.read_text())
            )
    source = Path(pynvml.__file__).read_text()
    has = ctypes.CDLL(str(library))
    missing = []
    for name in sorted(asked - {"nvmlInit", "nvmlDeviceGetPciInfo"}):
        body = re.search(rf"^def {name}\(.*?^(?=def |class )", source, re.MULTILINE | re.DOTALL)
        pointers = re.findall(r'_nvmlGetFunctionPointer\("(\w+)"\)', body.group()) if body else []
        missing += [pointer for pointer in pointers if not hasattr(has, pointer)]
    assert len(asked) > 20
    assert missing == []


def test_a_card_says_that_it_is_simulated_and_where(device):
    card = device(OPEN_AIR_350.but(address="0000:c1:00.0"))
    assert pynvml.nvmlDeviceGetName(card).startswith("Simulated")
    assert pynvml.nvmlDeviceGetPciInfo(card).busId == "00000000:C1:00.0"
    by_place = pynvml.nvmlDeviceGetHandleByPciBusId(b"0000:c1:00.0")
    assert pynvml.nvmlDeviceGetUUID(by_place) == pynvml.nvmlDeviceGetUUID(card)
    by_uuid = pynvml.nvmlDeviceGetHandleByUUID(pynvml.nvmlDeviceGetUUID(card).encode())
    assert pynvml.nvmlDeviceGetIndex(by_uuid) == 0
    assert refused(pynvml.nvmlDeviceGetHandleByPciBusId, b"0000:07:00.0") == 6
    assert refused(pynvml.nvmlDeviceGetHandleByIndex, 1) == 2


def test_temperature_is_the_die_s_in_whole_degrees(device, plant):
    card = device(OPEN_AIR_350)
    plant.set_load(0, 100)
    plant.step(300)
    truth = plant.truth()["gpus"][0]["die_c"]
    assert pynvml.nvmlDeviceGetTemperatureV(card, 0) == round(truth)
    assert pynvml.nvmlDeviceGetTemperature(card, 0) == round(truth)
    assert pynvml.nvmlDeviceGetMarginTemperature(card) == 87 - round(truth)


def test_thresholds_in_both_ways(device):
    card = device(OPEN_AIR_350)
    assert [pynvml.nvmlDeviceGetTemperatureThreshold(card, which) for which in (0, 1, 3)] == [
        98,
        93,
        87,
    ]
    limits = [field(card, number).value.siVal for number in (193, 194, 196)]
    assert limits == [-11, -6, 0]


def test_a_card_with_t_limit_only_refuses_the_old_call(device):
    card = device(NEW_LIMITS)
    assert refused(pynvml.nvmlDeviceGetTemperatureThreshold, card, 1) == 3
    assert field(card, pynvml.NVML_FI_DEV_TEMPERATURE_SLOWDOWN_TLIMIT).value.siVal == -6
    assert field(card, pynvml.NVML_FI_DEV_MEMORY_TEMP).value.uiVal == 24


def test_a_card_of_an_old_driver_has_only_the_old_calls(device):
    card = device(OLD_DRIVER)
    assert refused(pynvml.nvmlDeviceGetTemperatureV, card, 0) == 13
    assert refused(pynvml.nvmlDeviceGetCurrentClocksEventReasons, card) == 13
    assert refused(pynvml.nvmlDeviceGetFanSpeedRPM, card) == 3
    assert refused(pynvml.nvmlDeviceGetFanControlPolicy_v2, card, 0) == 3
    assert field(card, pynvml.NVML_FI_DEV_TEMPERATURE_SLOWDOWN_TLIMIT).nvmlReturn == 3
    assert field(card, pynvml.NVML_FI_DEV_MEMORY_TEMP).nvmlReturn == 3
    assert pynvml.nvmlDeviceGetTemperature(card, 0) == 24
    assert pynvml.nvmlDeviceGetCurrentClocksThrottleReasons(card) == 1
    assert pynvml.nvmlDeviceGetTemperatureThreshold(card, 1) == 93


def test_a_fan_set_by_hand_stays_until_it_is_given_back(device, plant):
    card = device(OPEN_AIR_350)
    pynvml.nvmlDeviceSetFanSpeed_v2(card, 0, 80)
    plant.step(60)
    one, other = plant.truth()["gpus"][0]["fans"]
    assert (one["is_manual"], other["is_manual"]) == (1, 0)
    assert one["rpm"] == pytest.approx(0.8 * 3300, abs=1)
    assert other["rpm"] == 0
    assert pynvml.nvmlDeviceGetFanControlPolicy_v2(card, 0) == 1
    assert pynvml.nvmlDeviceGetFanSpeed_v2(card, 0) == 80
    pynvml.nvmlDeviceSetDefaultFanSpeed_v2(card, 0)
    plant.step(60)
    assert plant.truth()["gpus"][0]["fans"][0]["rpm"] < 10
    assert pynvml.nvmlDeviceGetFanControlPolicy_v2(card, 0) == 0
    told = [(call.name, call.gpu, call.arguments, call.code) for call in plant.calls()]
    assert told == [
        ("nvmlDeviceSetFanSpeed_v2", 0, ("0", "80"), 0),
        ("nvmlDeviceSetDefaultFanSpeed_v2", 0, ("0", "default"), 0),
    ]


def test_a_fan_stays_manual_when_who_set_it_is_gone(device, plant, process):
    """Another process sets the fan and dies without a word, as by SIGKILL."""
    card = device(OPEN_AIR_350)
    gone = process(
        "n.nvmlDeviceSetFanSpeed_v2(n.nvmlDeviceGetHandleByIndex(0), 0, 40);os.kill(os.getpid(), 9)"
    )
    assert gone.wait(60) == -9
    plant.step(3600)
    assert pynvml.nvmlDeviceGetFanControlPolicy_v2(card, 0) == 1
    assert pynvml.nvmlDeviceGetFanSpeed_v2(card, 0) == 40


def test_below_the_minimum_is_refused_but_by_the_card_that_takes_it_and_stands(device, plant):
    card = device(OPEN_AIR_350)
    assert pynvml.nvmlDeviceGetMinMaxFanSpeed(card) == [30, 100]
    for percent in (0, 29, 101):
        assert refused(pynvml.nvmlDeviceSetFanSpeed_v2, card, 0, percent) == 2
    assert refused(pynvml.nvmlDeviceSetFanSpeed_v2, card, 2, 50) == 2
    pynvml.nvmlShutdown()
    card = device(OPEN_AIR_350.but(accepts_below_minimum=1))
    pynvml.nvmlDeviceSetFanSpeed_v2(card, 0, 10)
    plant.step(60)
    assert plant.truth()["gpus"][0]["fans"][0]["rpm"] == 0


def test_a_passive_card_has_no_fans_and_a_laptop_no_limit_to_set(device):
    card = device(PASSIVE_300, LAPTOP)
    assert pynvml.nvmlDeviceGetNumFans(card) == 0
    for call in (pynvml.nvmlDeviceGetFanSpeed_v2, pynvml.nvmlDeviceSetDefaultFanSpeed_v2):
        assert refused(call, card, 0) == 3
    assert refused(pynvml.nvmlDeviceGetMinMaxFanSpeed, card) == 3
    laptop = pynvml.nvmlDeviceGetHandleByIndex(1)
    assert refused(pynvml.nvmlDeviceSetPowerManagementLimit, laptop, 80000) == 3
    assert refused(pynvml.nvmlDeviceGetPowerManagementLimitConstraints, laptop) == 3


def test_a_power_limit_is_kept_to_and_shows_as_a_reason(device, plant):
    card = device(OPEN_AIR_350)
    plant.set_load(0, 100)
    plant.step(10)
    assert pynvml.nvmlDeviceGetCurrentClocksEventReasons(card) == 0
    pynvml.nvmlDeviceSetPowerManagementLimit(card, 200000)
    plant.step(10)
    assert pynvml.nvmlDeviceGetPowerUsage(card) == 200000
    assert pynvml.nvmlDeviceGetPowerManagementLimit(card) == 200000
    assert pynvml.nvmlDeviceGetPowerManagementDefaultLimit(card) == 350000
    assert pynvml.nvmlDeviceGetPowerManagementLimitConstraints(card) == [100000, 400000]
    assert pynvml.nvmlDeviceGetCurrentClocksEventReasons(card) == 4
    assert pynvml.nvmlDeviceGetClockInfo(card, 0) < 1900
    assert refused(pynvml.nvmlDeviceSetPowerManagementLimit, card, 99000) == 2


def test_reasons_say_why_the_clock_is_low(device, plant):
    card = device(OPEN_AIR_350.but(maximum_operating_c=74, slowdown_c=75))
    plant.set_load(0, 100)
    plant.set_fault(0, "stuck-fan")
    seen = 0
    for _ in range(120):
        plant.step(5)
        seen |= pynvml.nvmlDeviceGetCurrentClocksEventReasons(card)
    assert seen & 0x68 == 0x68
    plant.set(0, "power_brake", 1)
    plant.step(1)
    assert pynvml.nvmlDeviceGetCurrentClocksEventReasons(card) & 0x88 == 0x88


def test_memory_in_both_versions(device, plant):
    card = device(OPEN_AIR_350)
    plant.set(0, "memory_used_mib", 1000)
    second = pynvml.nvmlDeviceGetMemoryInfo(card, version=pynvml.nvmlMemory_v2)
    assert (second.total, second.used) == (24576 << 20, 1000 << 20)
    assert second.total == second.used + second.free + second.reserved
    first = pynvml.nvmlDeviceGetMemoryInfo(card)
    assert first.used == second.used + second.reserved


def test_errors_of_memory(device, plant):
    card = device(ECC)
    for key, value in {
        "ecc_uncorrected": 3,
        "ecc_corrected_aggregate": 7,
        "remapped_uncorrectable": 2,
        "remapped_failure": 1,
        "retired_double_bit": 4,
        "pcie_replays": 9,
    }.items():
        plant.set(0, key, value)
    assert pynvml.nvmlDeviceGetTotalEccErrors(card, 1, 0) == 3
    assert pynvml.nvmlDeviceGetTotalEccErrors(card, 0, 1) == 7
    assert pynvml.nvmlDeviceGetRemappedRows(card) == (0, 2, 0, 1)
    assert len(pynvml.nvmlDeviceGetRetiredPages(card, 1)) == 4
    assert pynvml.nvmlDeviceGetRetiredPages(card, 0) == []
    assert pynvml.nvmlDeviceGetPcieReplayCounter(card) == 9
    assert field(card, pynvml.NVML_FI_DEV_ECC_DBE_VOL_TOTAL).value.ullVal == 3
    pynvml.nvmlShutdown()
    plain = device(OPEN_AIR_350)
    assert refused(pynvml.nvmlDeviceGetTotalEccErrors, plain, 1, 0) == 3
    assert refused(pynvml.nvmlDeviceGetRemappedRows, plain) == 3


def test_the_link_s_generation_drops_at_rest_and_its_width_does_not(device, plant):
    card = device(OPEN_AIR_350)
    plant.step(1)
    assert pynvml.nvmlDeviceGetCurrPcieLinkGeneration(card) == 1
    plant.set_load(0, 50)
    plant.step(1)
    assert pynvml.nvmlDeviceGetCurrPcieLinkGeneration(card) == 4
    plant.set(0, "pcie_width", 4)
    assert pynvml.nvmlDeviceGetCurrPcieLinkWidth(card) == 4
    assert pynvml.nvmlDeviceGetMaxPcieLinkWidth(card) == 16


def test_processes_by_kind(device, plant):
    card = device(OPEN_AIR_350)
    plant.set(0, "compute_processes", "4711 2048\n4712 512")
    told = [
        (one.pid, one.usedGpuMemory) for one in pynvml.nvmlDeviceGetComputeRunningProcesses(card)
    ]
    assert told == [(4711, 2048 << 20), (4712, 512 << 20)]
    assert pynvml.nvmlDeviceGetGraphicsRunningProcesses(card) == []


def test_an_xid_is_told_once_to_who_waits(device, plant):
    card = device(OPEN_AIR_350)
    events = pynvml.nvmlEventSetCreate()
    pynvml.nvmlDeviceRegisterEvents(card, pynvml.nvmlEventTypeXidCriticalError, events)
    plant.set(0, "xid", 79)
    assert pynvml.nvmlEventSetWait_v2(events, 1000).eventData == 79
    assert refused(pynvml.nvmlEventSetWait_v2, events, 10) == pynvml.NVML_ERROR_TIMEOUT
    pynvml.nvmlEventSetFree(events)


def test_by_the_clock_time_passes_by_itself_times_the_factor(device, plant):
    device(OPEN_AIR_350, is_virtual=0, factor=1000)
    first = plant.truth()["seconds"]
    later = plant.truth()["seconds"]
    while later < first + 50:  # of the plant: a twentieth of a real second
        later = plant.truth()["seconds"]
    assert later >= first + 50


def test_without_a_state_directory_the_driver_is_not_loaded(plant):
    assert not plant.directory.exists()
    assert refused(pynvml.nvmlInit) == pynvml.NVML_ERROR_DRIVER_NOT_LOADED
