"""A host without a GPU on its bus whose inventory means one: a lost card is no CPU machine."""

from types import SimpleNamespace

import pytest

from roles.conda import verify
from roles.conda.settings import EnvironmentSettings
from roles.nvidia_driver.settings import NvidiaDriverSettings


def environment(cuda):
    return EnvironmentSettings(name="torch", python="3.11", cuda=cuda, training_test="pytorch")


def checked(*, gpu_count=None, cuda=None, driver=None, devices=()):
    """Return (name, is_good, evidence) of each check of the GPUs' coverage."""
    found = []
    verify.test_declared_gpus_are_covered_by_a_training_test(
        SimpleNamespace(environments=(environment(cuda),)),
        SimpleNamespace(
            settings=SimpleNamespace(gpu_count=gpu_count),
            role_settings={} if driver is None else {"nvidia_driver": driver},
        ),
        SimpleNamespace(nvidia_devices=devices),
        lambda *told: found.append(told),
    )
    return found


@pytest.mark.parametrize(
    ("wish", "told"),
    [
        ({"cuda": "13.0"}, "environment torch is made for CUDA 13.0"),
        ({"driver": NvidiaDriverSettings(branch="580")}, "nvidia_driver is declared"),
    ],
)
def test_where_a_gpu_is_meant_and_none_is_there_nothing_is_proven(wish, told):
    evidence = f"none is on the PCI bus, and {told}; declare gpu_count, 0 for none"
    assert checked(**wish) == [("the GPUs are there", None, evidence)]
    assert checked(**wish, gpu_count=0) == []
    (covered,) = checked(**wish, devices=[("0000:01:00.0", "0x2684")])
    assert covered[:2] == ("the GPUs are proven by a training test", True)


@pytest.mark.parametrize("cuda", [None, "cpu"])
@pytest.mark.parametrize("driver", [None, NvidiaDriverSettings()])
def test_a_machine_of_which_nobody_says_anything_may_have_none(cuda, driver):
    assert checked(cuda=cuda, driver=driver) == []
