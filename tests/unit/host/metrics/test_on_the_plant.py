"""The collector on simulated cards (tests/sim/thermal): what works, and every fault."""

import os
import shutil
import signal
import subprocess

import pytest

from tests.sim.thermal.api import Machine, Plant, build_library
from tests.sim.thermal.cards import NEW_LIMITS, OLD_DRIVER, OPEN_AIR_350, PASSIVE_300

from .plant_host import BOUND_SECONDS, PlantHost

pytestmark = pytest.mark.skipif(shutil.which("gcc") is None, reason="the plant is compiled by gcc")

CARDS = (OPEN_AIR_350, OLD_DRIVER, PASSIVE_300, NEW_LIMITS)


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return build_library(tmp_path_factory.mktemp("plant"))


@pytest.fixture
def host(library, tmp_path):
    plant = Plant(tmp_path / "state", library.parent)
    plant.describe(Machine(CARDS, {"is_virtual": 1}))
    return PlantHost(library, plant, tmp_path / "deeprig.prom")


def collected(host):
    done = host.run()
    assert (done.returncode, done.stderr) == (0, "")
    return host.seen()


def test_cards_that_are_well_tell_what_they_have(host):
    host.plant.set_load(0, 100)
    host.plant.step(60)
    told = collected(host)
    truth = host.plant.truth()["gpus"]
    assert (told["nvml_up",], told["gpus_answering",]) == (1, 4)
    assert [told["gpu_up", str(index)] for index in range(4)] == [1, 1, 1, 1]
    assert told["gpu_temperature_celsius", "0"] == pytest.approx(truth[0]["die_c"], abs=1)
    assert told["gpu_power_watts", "0"] == pytest.approx(truth[0]["watts"], abs=1)
    assert told["gpu_utilization_ratio", "0"] == 1
    assert told["gpu_slowdown_margin_celsius", "0"] > 0
    assert told["collector_part_up", "nvml"] == told["collector_part_up", "gpu"] == 1


def test_a_card_that_was_slowed_between_two_passes_tells_for_how_long(host):
    host.plant.describe(Machine((OPEN_AIR_350.but(default_limit_watts=200),), {"is_virtual": 1}))
    host.plant.set_load(0, 100)
    host.plant.step(30)
    told = collected(host)
    assert 20 < told["gpu_clock_held_seconds_total", "0", "power"] <= 30
    assert told["gpu_clock_event", "0", "software_power_cap"] == 1


def test_what_a_card_lacks_has_no_series(host):
    told = collected(host)
    names_of = {index: {key[0] for key in told if key[1:2] == (str(index),)} for index in range(4)}
    fans = {"gpu_fan_speed_ratio", "gpu_fan_target_ratio", "gpu_fan_speed_rpm"}
    assert fans <= names_of[0]
    assert fans - names_of[1] == {"gpu_fan_speed_rpm"}  # an old driver counts no turns
    assert not any(name.startswith("gpu_fan") for name in names_of[2])
    assert "gpu_memory_temperature_celsius" not in names_of[0]
    assert "gpu_memory_temperature_celsius" in names_of[2] & names_of[3]
    assert "gpu_ecc_errors_total" in names_of[2]
    assert "gpu_ecc_errors_total" not in names_of[0]
    assert "gpu_retired_pages_total" in names_of[1]
    assert "gpu_slowdown_margin_celsius" in names_of[1] & names_of[3]  # by call, and by T.Limit


def test_processes_are_told_by_user(host):
    host.plant.set(0, "compute_processes", f"{os.getpid()} 1024\n{2**22 - 1} 512")
    told = collected(host)
    assert told["gpu_processes", "0", "root" if os.getuid() == 0 else _me()] == 1
    assert told["gpu_processes", "0", "unknown"] == 1
    assert told["gpu_process_memory_bytes", "0", "unknown"] == 512 << 20


def _me():
    return subprocess.check_output(["id", "-un"], text=True).strip()


def test_a_lost_card_costs_only_itself(host):
    host.plant.set_fault(1, "lost")
    done = host.run()
    told = host.seen()
    assert done.returncode == 0
    assert [told["gpu_up", str(index)] for index in range(4)] == [1, 0, 1, 1]
    assert told["gpu_failure_info", "1", "lost"] == 1
    assert {key[0] for key in told if key[1:2] == ("1",)} == {"gpu_up", "gpu_failure_info"}
    assert told["collector_errors_total", "gpu"] == 1
    assert "GPU 1: " in done.stderr


@pytest.mark.parametrize("call", ["nvmlDeviceGetPowerUsage", "nvmlShutdown", "nvmlInitWithFlags"])
def test_a_call_that_is_not_there_costs_what_it_tells(host, call):
    host.plant.set_fault("all", f"missing:{call}")
    host.run()
    assert ("gpu_power_watts", "0") not in host.seen() or call != "nvmlDeviceGetPowerUsage"
    assert host.seen()["collector_last_success_timestamp_seconds",] > 0


def test_a_driver_that_is_not_loaded_is_told_and_is_no_failure(host):
    host.plant.set_fault("all", "driver-unloaded")
    told = collected(host)
    assert told["nvml_up",] == 0
    assert told["nvml_failure_info", "no_driver"] == 1
    assert told["collector_part_up", "nvml"] == 1


@pytest.mark.parametrize("call", ["MemoryInfo", "UUID", "PciInfo_v3"])
def test_a_card_that_hangs_costs_only_itself(host, call):
    host.plant.set_fault(2, f"hang:nvmlDeviceGet{call}")
    done = host.run_impatient()
    told = host.seen()
    assert done.returncode == 0
    assert [told["gpu_up", str(index)] for index in range(4)] == [1, 1, 0, 1]
    assert told["gpu_failure_info", "2", "hanging"] == 1
    assert told["collector_part_up", "gpu"] == 0


def test_a_slow_card_is_waited_for(host):
    host.plant.set_fault(0, "slow:nvmlDeviceGetPowerUsage", 0.3)
    assert collected(host)["gpu_up", "0"] == 1


def test_a_call_that_fails_otherwise_is_counted_and_has_no_series(host):
    host.plant.set_fault(0, "returns:nvmlDeviceGetPowerUsage", 999)
    done = host.run()
    told = host.seen()
    assert told["gpu_up", "0"] == 1
    assert ("gpu_power_watts", "0") not in told
    assert told["collector_errors_total", "gpu"] == 1
    assert "nvmlDeviceGetPowerUsage" in done.stderr


def test_the_loop_follows_cards_that_go_and_drivers_that_come_back(host):
    with host.running() as process:
        host.wait_for(lambda told: told.get(("gpu_up", "3")) == 1)
        uuid = _uuid_of(host, "3")
        host.plant.set_fault(3, "lost")
        host.wait_for(lambda told: told.get(("gpu_up", "3")) == 0)
        assert _uuid_of(host, "3") == uuid  # it keeps the name that it had
        host.plant.set_fault("all", "driver-unloaded")
        host.wait_for(lambda told: told.get(("nvml_up",)) == 0)
        host.plant.clear_fault("all", "driver-unloaded")
        host.plant.clear_fault(3, "lost")
        told = host.wait_for(lambda told: told.get(("gpu_up", "3")) == 1)
        assert told["collector_errors_total", "gpu"] >= 1
        # It holds neither the library nor a device, so that the driver can be replaced.
        assert "libnvidia-ml" not in _maps(process.pid)
        process.send_signal(signal.SIGTERM)
        assert process.wait(BOUND_SECONDS) == -signal.SIGTERM


def _uuid_of(host, index):
    line = next(
        line
        for line in host.output.read_text().splitlines()
        if line.startswith("deeprig_gpu_up") and f'gpu="{index}"' in line
    )
    return line.split('uuid="')[1].split('"')[0]


def _maps(pid):
    with open(f"/proc/{pid}/maps") as maps:  # noqa: PTH123 - /proc
        return maps.read()
