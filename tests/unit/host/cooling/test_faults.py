"""Whatever fails, a card's fans end automatic or at 100 %, and no other card is touched by it."""

import os

import pynvml
import pytest

from tests.sim.thermal.api import ALL
from tests.sim.thermal.cards import OPEN_AIR_350
from tests.unit.host.cooling.conftest import CONFIGURATION, load_driver

FULL, AUTOMATIC = [100, 100], ["automatic", "automatic"]
NVML_ERROR_UNKNOWN = 999
SETTERS = ("nvmlDeviceSetDefaultFanSpeed_v2", "nvmlDeviceSetFanSpeed_v2")
#: Refusals that are for ever where the fans were never ours.
NEVER = (
    pynvml.NVML_ERROR_NO_PERMISSION,
    pynvml.NVML_ERROR_NOT_SUPPORTED,
    pynvml.NVML_ERROR_INVALID_ARGUMENT,
)


@pytest.mark.parametrize(
    ("fault", "value", "reason"),
    [
        ("temperature", 0, "sensor says 0 C"),
        ("temperature", 255, "sensor says 255 C"),
        ("temperature", -1, "sensor says"),
        ("temperature", 90, "became 90 C"),
        ("returns:nvmlDeviceGetTemperatureV", NVML_ERROR_UNKNOWN, "nvmlDeviceGetTemperatureV"),
    ],
)
def test_a_bad_reading_is_full_speed_then_automatic_then_control_again(rig, fault, value, reason):
    rig.run(20)
    assert rig.mode() == "curve"
    rig.plant.set_fault(0, fault, value)
    rig.run(2)
    assert (rig.mode(), rig.fans()) == ("failsafe", FULL)
    assert reason in rig.gpu()["reason"]
    if value == 90:  # a jump is a jump only as long as no time passed
        return
    rig.run(10)
    assert (rig.mode(), rig.fans()) == ("released", AUTOMATIC)
    rig.run(300)
    assert (rig.mode(), rig.fans()) == ("released", AUTOMATIC)
    rig.plant.clear_fault(0, fault)
    rig.run(20)
    assert (rig.mode(), rig.fans()) == ("released", AUTOMATIC)  # not good for long enough yet
    rig.run(20)
    assert rig.mode() == "curve"
    assert rig.fans() == [rig.gpu()["target_percent"]] * 2


def test_a_single_bad_reading_keeps_the_card_out_for_a_while(rig):
    rig.run(10)
    rig.plant.set_fault(0, "temperature", 0)
    rig.run(2)
    rig.plant.clear_fault(0, "temperature")
    modes = []
    for _ in range(20):
        rig.run(2)
        modes.append(rig.mode())
    assert modes == ["failsafe"] * 4 + ["released"] * 10 + ["curve"] * 6


def test_a_memory_sensor_that_fails_is_not_ignored(make_rig):
    rig = make_rig(OPEN_AIR_350.but(memory_sensor=1))
    rig.run(10)
    rig.plant.set_fault(0, "memory-temperature", 255)
    rig.run(2)
    assert (rig.mode(), rig.fans()) == ("failsafe", FULL)
    assert "memory" in rig.gpu()["reason"]


def test_near_the_slowdown_it_is_full_speed_whatever_is_declared(make_rig):
    text = "[defaults]\ncurve = 100:30 101:100\n"
    rig = make_rig(OPEN_AIR_350, text=text)
    rig.plant.set_load(0, 100)
    rig.run(600)
    assert rig.truth()["hottest_c"] < 93
    assert rig.truth()["hardware_slowed_seconds"] == 0


def test_one_lost_card_of_four_costs_the_others_nothing(make_rig):
    rig = make_rig(*[OPEN_AIR_350] * 4)
    rig.run(10)
    rig.plant.set_fault(2, "lost")
    rig.run(90)
    assert [rig.mode(index) for index in range(4)] == ["curve", "curve", "lost", "curve"]
    assert rig.told("GPU 2", "lost")
    about = [text for _, text in rig.said if "GPU 2" in text]
    assert len(about) == 2, about  # taken, lost: not once a turn
    rig.plant.clear_fault(2, "lost")
    rig.run(90)
    assert rig.mode(2) == "curve"
    assert rig.daemon.stop()
    assert all(rig.fans(index) == AUTOMATIC for index in range(4))


def test_a_card_that_is_lost_at_the_end_keeps_no_other_from_being_given_back(make_rig):
    rig = make_rig(*[OPEN_AIR_350] * 3)
    rig.run(10)
    rig.plant.set_fault(0, "lost")
    assert not rig.daemon.stop()
    assert rig.told("GPU 0", "not automatic")
    assert rig.fans(1) == rig.fans(2) == AUTOMATIC


def test_a_driver_that_goes_and_comes_back_is_taken_up_again(make_rig):
    rig = make_rig(OPEN_AIR_350, OPEN_AIR_350)
    rig.run(10)
    rig.plant.set_fault(ALL, "driver-unloaded")
    rig.run(60)
    assert [rig.mode(0), rig.mode(1)] == ["lost", "lost"]
    assert rig.status["no_library"]
    assert rig.fans(0) == AUTOMATIC
    rig.plant.clear_fault(ALL, "driver-unloaded")
    rig.run(60)
    assert [rig.mode(0), rig.mode(1)] == ["curve", "curve"]
    assert rig.status["no_library"] is None


def test_a_daemon_that_is_older_than_the_driver_waits_for_it(rig):
    rig.plant.set_fault(ALL, "driver-unloaded")
    rig.run(20)
    assert rig.status["gpus"] == []
    rig.plant.clear_fault(ALL, "driver-unloaded")
    rig.run(10)
    assert rig.mode() == "curve"


def test_a_card_that_cannot_be_given_back_is_left_at_full_speed(rig):
    rig.run(10)
    rig.plant.set_fault(0, "returns:nvmlDeviceSetDefaultFanSpeed_v2", NVML_ERROR_UNKNOWN)
    assert not rig.daemon.stop()
    assert rig.fans() == FULL
    assert rig.told("not automatic", "full")


def test_where_neither_works_it_is_said_loudly(rig):
    rig.run(10)
    for call in ("nvmlDeviceSetDefaultFanSpeed_v2", "nvmlDeviceSetFanSpeed_v2"):
        rig.plant.set_fault(0, f"returns:{call}", NVML_ERROR_UNKNOWN)
    assert not rig.daemon.stop()
    assert [level for level, text in rig.said if "stuck" in text] == ["error"]


def test_a_setter_that_fails_for_a_while_is_a_fault_of_that_card_only(make_rig):
    rig = make_rig(OPEN_AIR_350, OPEN_AIR_350)
    rig.plant.set_fault(0, "returns:nvmlDeviceSetFanSpeed_v2", NVML_ERROR_UNKNOWN)
    rig.run(20)
    assert rig.fans(0) == AUTOMATIC
    assert rig.mode(0) == "released"
    assert rig.mode(1) == "curve"
    rig.plant.clear_fault(0, "returns:nvmlDeviceSetFanSpeed_v2")
    rig.run(60)
    assert rig.mode(0) == "curve"


@pytest.mark.parametrize("code", NEVER)
@pytest.mark.parametrize("has_policy", [True, False])
def test_a_card_that_is_still_in_our_hands_is_never_left_to_itself(rig, code, has_policy):
    """A refusal that is for ever elsewhere: setting and giving back refuse it, then both work."""
    if not has_policy:  # drivers before 520
        rig.plant.set_fault(0, "not-supported:nvmlDeviceGetFanControlPolicy_v2")
    rig.run(20)
    assert rig.fans() == [30, 30]
    for call in SETTERS:
        rig.plant.set_fault(0, f"returns:{call}", code)
    rig.plant.set_load(0, 100)
    rig.run(60)
    assert rig.mode() == "released"  # which is alarmed; "monitor" is not
    assert "stuck" in rig.gpu()["reason"]
    assert rig.said[-1][0] == "warning"
    for call in SETTERS:
        rig.plant.clear_fault(0, f"returns:{call}")
    rig.run(2)
    assert rig.fans() == AUTOMATIC
    rig.run(600)
    assert rig.mode() == "curve"
    assert rig.fans()[0] > 60


@pytest.mark.parametrize("code", NEVER)
def test_fans_that_a_killed_daemon_left_are_given_back_by_one_that_may_not_set_them(rig, code):
    rig.run(20)
    rig.daemon.fleet.close()
    rig.begin()
    rig.plant.set_fault(0, "returns:nvmlDeviceSetFanSpeed_v2", code)
    assert rig.fans() == [30, 30]
    rig.run(4)
    assert (rig.mode(), rig.fans()) == ("monitor", AUTOMATIC)


def test_fans_in_our_hands_are_there_though_the_card_says_that_it_has_none(make_rig):
    rig = make_rig(OPEN_AIR_350, OPEN_AIR_350)
    rig.run(20)
    rig.plant.set_fault(0, "not-supported:nvmlDeviceGetNumFans")
    rig.plant.set_fault(1, "lost")  # has the library opened anew
    rig.run(60)
    rig.plant.set_load(0, 100)
    rig.run(600)
    assert rig.mode(0) == "curve"
    assert rig.fans(0)[0] > 60
    assert not rig.daemon.stop()
    assert rig.fans(0) == AUTOMATIC


def test_a_fan_that_is_given_back_only_in_words_is_set_to_full(rig, monkeypatch):
    rig.run(10)
    monkeypatch.setattr(pynvml, "nvmlDeviceSetDefaultFanSpeed_v2", lambda handle, fan: 0)
    assert not rig.daemon.stop()
    assert rig.fans() == FULL


def test_a_loop_that_stood_still_is_a_fault_of_every_card(make_rig):
    rig = make_rig(OPEN_AIR_350, OPEN_AIR_350)
    rig.run(10)
    rig.pass_time(30)
    rig.run(2)
    assert (rig.fans(0), rig.fans(1)) == (FULL, FULL)
    assert rig.told("the loop stood still for 3")
    rig.run(60)
    assert rig.mode() == "curve"


def test_a_clock_that_jumps_changes_nothing(rig):
    rig.run(20)
    for unix in (0, 4_000_000_000):
        rig.clock.unix_seconds = unix
        rig.run(20)
        assert (rig.mode(), rig.fans()) == ("curve", [30, 30])
    assert not rig.told("stood still")


def test_a_suspend_begins_every_card_anew(rig):
    rig.plant.set_load(0, 100)
    rig.run(600)
    rig.plant.set_load(0, 0)
    rig.plant.step(3600)  # asleep: neither the daemon nor the monotonic clock goes on
    rig.clock.slept_seconds += 3600
    rig.clock.advance(2)
    rig.run(2)
    assert rig.mode() == "curve"
    assert rig.fans() == [30, 30]
    assert rig.told("slept for 3600 s")


def test_a_full_disk_is_told_once_and_cooling_goes_on(rig, monkeypatch):
    rig.run(10)
    writing = os.write

    def full(descriptor, content):
        if b"Simulated" in content or b"GPU-" in content:
            raise OSError(28, "No space left on device")
        return writing(descriptor, content)

    monkeypatch.setattr(os, "write", full)
    rig.plant.set_load(0, 100)
    rig.run(300)
    assert rig.fans()[0] > 40
    assert sum("the history cannot be written" in text for _, text in rig.said) == 1
    assert rig.status["unwritten"]["history"] > 10
    monkeypatch.undo()
    rig.run(20)
    assert rig.told("the history is written again")


def test_where_nothing_can_be_written_cooling_goes_on(make_rig):
    rig = make_rig(OPEN_AIR_350, text=CONFIGURATION)
    rig.host.path("/run/deeprig").parent.mkdir(parents=True)
    rig.host.path("/run/deeprig").write_text("a file where a directory should be")
    rig.host.path("/var").write_text("the same")
    rig.run(60)
    assert rig.fans() == [30, 30]
    assert rig.told("the status cannot be written")
    assert rig.told("the history cannot be written")


def test_a_sensor_that_stands_still_is_seen_by_what_the_card_does_itself(rig):
    rig.run(20)
    rig.plant.set_fault(0, "temperature", 40)
    rig.plant.set_load(0, 100)
    rig.run(900)
    assert rig.gpu()["temperature_c"] == 40
    assert rig.told("failsafe", "lowers its clocks because of heat")
    assert rig.truth()["hottest_c"] < 93


def test_a_card_that_does_not_tell_its_slowdown_is_taken_for_one_that_slows_down_early(make_rig):
    card = OPEN_AIR_350.but(old_thresholds=0, limit_fields=0)
    rig = make_rig(card, text="[defaults]\ncurve = 100:30 101:100\n")
    rig.plant.set_load(0, 100)
    rig.run(600)
    assert rig.gpu()["slowdown_c"] is None
    assert rig.truth()["hottest_c"] < 90


def test_a_fan_that_stands_still_is_told_once_and_the_others_blow_more(rig):
    rig.plant.set_load(0, 50)
    rig.run(600)
    before = rig.fans()
    rig.plant.set_fault(0, "stuck-fan", 1)
    rig.run(600)
    about = [text for level, text in rig.said if level == "error"]
    assert len(about) == 1, about
    assert "fan 1 stands still" in about[0]
    assert rig.fans()[0] > before[0]
    rig.plant.clear_fault(0, "stuck-fan")
    rig.run(20)
    assert rig.told("fan 1 turns again")


def test_a_lost_card_is_looked_for_less_and_less_often(make_rig, monkeypatch):
    rig = make_rig(OPEN_AIR_350, OPEN_AIR_350)
    rig.run(10)
    opened = []
    opening = pynvml.nvmlInit
    monkeypatch.setattr(pynvml, "nvmlInit", lambda: (opened.append(rig.clock.seconds), opening()))
    rig.plant.set_fault(0, "lost")
    rig.run(1000)
    assert 5 <= len(opened) <= 7
    rig.plant.clear_fault(0, "lost")
    rig.run(600)
    assert rig.mode(0) == "curve"


def test_what_was_taken_is_given_back_though_the_library_was_closed_in_between(rig, monkeypatch):
    rig.run(10)
    opening = pynvml.nvmlInit

    def fail():
        raise pynvml.NVMLError(NVML_ERROR_UNKNOWN)

    rig.plant.set_fault(0, "lost")
    monkeypatch.setattr(pynvml, "nvmlInit", fail)
    rig.run(10)
    assert rig.status["no_library"]
    rig.plant.clear_fault(0, "lost")
    assert rig.fans() == [30, 30]
    monkeypatch.setattr(pynvml, "nvmlInit", opening)
    assert rig.daemon.stop()
    assert rig.fans() == AUTOMATIC


def test_a_driver_of_another_version_needs_a_new_process(rig, monkeypatch):
    def mismatch():
        raise pynvml.NVMLError(pynvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH)

    opening = pynvml.nvmlInit
    monkeypatch.setattr(pynvml, "nvmlInit", mismatch)
    rig.run(10)
    assert not rig.daemon.fleet.is_outdated  # before a reboot there is nothing newer to load
    monkeypatch.setattr(pynvml, "nvmlInit", opening)
    rig.run(10)
    assert rig.mode() == "curve"
    rig.plant.set_fault(0, "lost")
    monkeypatch.setattr(pynvml, "nvmlInit", mismatch)
    rig.run(10)
    assert rig.daemon.fleet.is_outdated


def test_a_library_that_fails_with_a_driver_there_is_not_taken_for_a_good_end(rig, monkeypatch):
    def fail():
        raise pynvml.NVMLError(NVML_ERROR_UNKNOWN)

    rig.run(10)
    rig.plant.set_fault(0, "lost")
    monkeypatch.setattr(pynvml, "nvmlInit", fail)
    rig.run(10)
    assert not rig.daemon.stop()
    assert rig.told("the fans are not automatic, stuck")


def test_a_library_that_is_not_there_is_not_a_driver_that_is_not_there(rig, monkeypatch):
    def fail():
        raise pynvml.NVMLError(pynvml.NVML_ERROR_LIBRARY_NOT_FOUND)

    load_driver(rig.host)
    rig.run(10)
    rig.plant.set_fault(0, "lost")
    monkeypatch.setattr(pynvml, "nvmlInit", fail)
    rig.run(10)
    assert not rig.daemon.stop()
    assert rig.told("the fans are not automatic, stuck")


def test_a_card_that_comes_back_by_itself_is_taken_up_without_opening_the_library(make_rig):
    rig = make_rig(OPEN_AIR_350, OPEN_AIR_350)
    rig.run(10)
    rig.plant.set_fault(0, "lost")
    rig.run(120)
    rig.plant.clear_fault(0, "lost")
    rig.run(2)
    assert rig.mode(0) == "released"
    assert rig.fans(0) == AUTOMATIC
    rig.run(40)
    assert rig.mode(0) == "curve"


def test_a_memory_sensor_that_fails_while_the_library_is_opened_is_not_forgotten(make_rig):
    rig = make_rig(OPEN_AIR_350.but(memory_sensor=1), OPEN_AIR_350)
    rig.run(10)
    rig.plant.set_fault(0, "memory-temperature", 255)
    rig.plant.set_fault(1, "lost")
    rig.run(120)
    assert rig.mode(0) == "released"
    assert "memory" in rig.gpu(0)["reason"]


def test_full_speed_is_what_the_card_accepts_as_its_highest(make_rig):
    rig = make_rig(OPEN_AIR_350.but(maximum_fan_percent=88))
    rig.run(10)
    rig.plant.set_fault(0, "temperature", 0)
    rig.run(2)
    assert (rig.mode(), rig.fans()) == ("failsafe", [88, 88])
    rig.plant.set_fault(0, "returns:nvmlDeviceSetDefaultFanSpeed_v2", NVML_ERROR_UNKNOWN)
    assert not rig.daemon.stop()
    assert rig.fans() == [88, 88]
