"""What restore says of children that fail, and when it may say that there is nothing to do."""

import json

import pynvml
import pytest
from deeprig_host.cooling import restore as restore_module
from deeprig_host.cooling import restore_child
from deeprig_host.cooling.restore import Restored, restore
from deeprig_host.machine.commands import Machine

from tests.unit.host.cooling.conftest import load_driver


@pytest.mark.parametrize(
    ("code", "is_loaded", "has_driver"),
    [
        (pynvml.NVML_ERROR_DRIVER_NOT_LOADED, False, False),
        (pynvml.NVML_ERROR_LIBRARY_NOT_FOUND, False, False),
        # Its package was removed, or an upgrade was cut: the fans stay as they were.
        (pynvml.NVML_ERROR_LIBRARY_NOT_FOUND, True, True),
        (pynvml.NVML_ERROR_DRIVER_NOT_LOADED, True, True),
        (pynvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH, False, True),
        (pynvml.NVML_ERROR_UNKNOWN, False, True),
        (pynvml.NVML_ERROR_NO_PERMISSION, False, True),
    ],
)
def test_only_without_a_driver_there_is_nothing_to_give_back(
    monkeypatch, tmp_path, code, is_loaded, has_driver
):
    machine = Machine(tmp_path)
    if is_loaded:
        load_driver(machine)

    def fail():
        raise pynvml.NVMLError(code)

    monkeypatch.setattr(pynvml, "nvmlInit", fail)
    counted = restore_child._count(machine)
    assert (counted["count"], counted["has_driver"]) == (0, has_driver)
    assert counted["error"]
    monkeypatch.setattr(restore_module, "_CHILD", f"print({json.dumps(counted)!r})")
    restored = restore(machine, with_power=False, limit_seconds=60)
    assert all(not one.is_good for one in restored)
    assert bool(restored) is has_driver


def test_a_child_that_crashes_or_hangs_leaves_its_gpu_stuck(monkeypatch, tmp_path):
    script = """
import sys, os, time
if sys.argv[2] == "count":
    print('{"count": 2, "error": null, "has_driver": true}')
elif sys.argv[3] == "0":
    os.abort()
else:
    time.sleep(600)
"""
    monkeypatch.setattr(restore_module, "_CHILD", script)
    crashed, hanging = restore(Machine(tmp_path), with_power=False, limit_seconds=4)
    assert crashed == Restored("GPU 0", "stuck", "the process that asked NVML ended with -6")
    assert hanging == Restored("GPU 1", "stuck", "NVML did not answer in time")
    assert not crashed.is_good
    assert "as they were" in str(crashed)


def test_a_power_limit_that_stays_is_no_good_end():
    assert Restored("GPU 0", "automatic").is_good
    assert Restored("GPU 0", "none").is_good
    stays = Restored("GPU 0", "automatic", "", "power limit: No Permission")
    assert not stays.is_good
    assert str(stays) == "GPU 0: the fans are automatic; power limit: No Permission"
    assert not Restored("GPU 0", "full", "x").is_good
