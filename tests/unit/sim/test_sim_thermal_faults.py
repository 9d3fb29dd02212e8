"""What breaks by files: nvidia-ml-py hears what it would hear of a real card in that state."""

import os
import time

import pynvml
import pytest

from tests.sim.thermal.api import ALL
from tests.sim.thermal.cards import NEW_LIMITS, OPEN_AIR_350
from tests.unit.sim.asking import field, refused

pytestmark = pytest.mark.usefixtures("nvml")


def test_a_lost_card_answers_nothing_and_the_others_do(device, plant):
    card = device(OPEN_AIR_350, OPEN_AIR_350)
    plant.set_fault(0, "lost")
    for call in (pynvml.nvmlDeviceGetPowerUsage, pynvml.nvmlDeviceGetUUID):
        assert refused(call, card) == pynvml.NVML_ERROR_GPU_IS_LOST
    assert refused(pynvml.nvmlDeviceGetHandleByIndex, 0) == pynvml.NVML_ERROR_GPU_IS_LOST
    assert pynvml.nvmlDeviceGetCount() == 2
    assert pynvml.nvmlDeviceGetTemperature(pynvml.nvmlDeviceGetHandleByIndex(1), 0) == 24
    plant.clear_fault(0, "lost")
    assert pynvml.nvmlDeviceGetTemperature(card, 0) == 24


def test_a_driver_that_is_unloaded_takes_all_with_it_and_leaves_the_fans_automatic(device, plant):
    card = device(OPEN_AIR_350)
    pynvml.nvmlDeviceSetFanSpeed_v2(card, 0, 30)
    plant.set_fault(ALL, "driver-unloaded")
    assert refused(pynvml.nvmlDeviceGetCount) == pynvml.NVML_ERROR_UNINITIALIZED
    assert refused(pynvml.nvmlDeviceGetPowerUsage, card) == pynvml.NVML_ERROR_UNINITIALIZED
    pynvml.nvmlShutdown()
    assert refused(pynvml.nvmlInit) == pynvml.NVML_ERROR_DRIVER_NOT_LOADED
    plant.step(1)
    assert plant.truth()["gpus"][0]["fans"][0]["is_manual"] == 0
    plant.clear_fault(ALL, "driver-unloaded")
    pynvml.nvmlInit()


def test_who_may_not_set_is_told_so_and_it_is_logged(device, plant):
    card = device(OPEN_AIR_350)
    plant.set_fault(0, "eperm")
    assert refused(pynvml.nvmlDeviceSetFanSpeed_v2, card, 0, 80) == 4
    assert refused(pynvml.nvmlDeviceSetPowerManagementLimit, card, 200000) == 4
    assert refused(pynvml.nvmlDeviceSetDefaultFanSpeed_v2, card, 0) == 4
    assert [call.code for call in plant.calls()] == [4, 4, 4]
    assert plant.truth()["gpus"][0]["fans"][0]["is_manual"] == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_who_is_not_root_may_read_and_not_set(plant, device, process):
    device(OPEN_AIR_350)
    code = (
        # From inside: nobody may walk through pytest's own directories.
        f"n.nvmlShutdown(); os.chdir({str(plant.directory)!r})\n"
        "os.environ['DEEPRIG_SIM_THERMAL'] = '.'; n.nvmlInit()\n"
        "h = n.nvmlDeviceGetHandleByIndex(0); os.setuid(65534)\n"
        "print(n.nvmlDeviceGetTemperature(h, 0))\n"
        "try: n.nvmlDeviceSetFanSpeed_v2(h, 0, 80)\n"
        "except n.NVMLError as error: print(error.value)"
    )
    told, _ = process(code).communicate(timeout=60)
    assert told.split() == ["24", "4"]
    assert plant.truth()["gpus"][0]["fans"][0]["is_manual"] == 0


def test_a_call_may_be_unsupported_missing_or_answer_anything(device, plant):
    card = device(OPEN_AIR_350)
    plant.set_fault(0, "not-supported:nvmlDeviceGetPowerUsage")
    plant.set_fault(ALL, "missing:nvmlDeviceGetMarginTemperature")
    plant.set_fault(0, "returns:nvmlDeviceGetNumFans", 999)
    plant.set_fault(0, "not-supported:field-194")
    assert refused(pynvml.nvmlDeviceGetPowerUsage, card) == 3
    assert refused(pynvml.nvmlDeviceGetMarginTemperature, card) == 13
    assert refused(pynvml.nvmlDeviceGetNumFans, card) == 999
    assert field(card, 194).nvmlReturn == 3
    assert field(card, 193).nvmlReturn == 0


def test_a_slow_call_takes_its_seconds_and_answers(device, plant):
    card = device(OPEN_AIR_350)
    plant.set_fault(0, "slow:nvmlDeviceGetTemperature", 0.2)
    began = time.monotonic()
    assert pynvml.nvmlDeviceGetTemperature(card, 0) == 24
    assert time.monotonic() - began >= 0.2


@pytest.mark.parametrize("reading", [0, 255, -5])
def test_an_absurd_reading(device, plant, reading):
    card = device(NEW_LIMITS)
    plant.set_fault(0, "temperature", reading)
    plant.set_fault(0, "memory-temperature", 255)
    assert pynvml.nvmlDeviceGetTemperatureV(card, 0) == reading
    assert field(card, pynvml.NVML_FI_DEV_MEMORY_TEMP).value.uiVal == 255
    assert plant.truth()["gpus"][0]["die_c"] == 24


def test_a_stuck_fan_reads_as_intended_and_only_the_tachometer_tells(device, plant):
    card = device(OPEN_AIR_350)
    pynvml.nvmlDeviceSetFanSpeed_v2(card, 0, 70)
    plant.set_fault(0, "stuck-fan")
    plant.step(30)
    assert pynvml.nvmlDeviceGetFanSpeed_v2(card, 0) == 70
    assert pynvml.nvmlDeviceGetTargetFanSpeed(card, 0) == 70
    assert pynvml.nvmlDeviceGetFanSpeedRPM(card) == 0
    plant.clear_fault(0, "stuck-fan")
    plant.set_fault(0, "stuck-fan-unseen")
    plant.step(30)
    assert pynvml.nvmlDeviceGetFanSpeedRPM(card) == 2310
    assert plant.truth()["gpus"][0]["fans"][0]["rpm"] == 0


def test_a_call_that_hangs_returns_when_it_is_let_and_holds_up_nobody_else(device, plant, process):
    device(OPEN_AIR_350, OPEN_AIR_350)
    other = pynvml.nvmlDeviceGetHandleByIndex(1)
    asking = process(
        "h = n.nvmlDeviceGetHandleByIndex(0); print('there', flush=True);"
        "sys.stdin.readline(); print('asking', flush=True);"
        "print(n.nvmlDeviceGetTemperature(h, 0), flush=True)"
    )
    assert asking.stdout.readline() == "there\n"
    plant.set_fault(0, "hang")
    asking.stdin.write("go\n")
    asking.stdin.flush()
    assert asking.stdout.readline() == "asking\n"
    assert pynvml.nvmlDeviceGetTemperature(other, 0) == 24
    assert asking.poll() is None
    plant.clear_fault(0, "hang")
    assert asking.stdout.readline() == "24\n"
    assert asking.wait(60) == 0


def test_a_card_that_became_too_hot_is_off_the_bus(device, plant):
    card = device(OPEN_AIR_350.but(shutdown_c=60))
    plant.set_load(0, 100)
    plant.step(600)
    assert refused(pynvml.nvmlDeviceGetTemperature, card, 0) == pynvml.NVML_ERROR_GPU_IS_LOST
