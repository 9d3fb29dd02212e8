"""What the cases of GPUs judge, from numbers that are given: no GPU is here."""

from dataclasses import replace

import pytest
from deeprig_host.training import tensor_cores
from deeprig_host.training.device_use_checks import Use, is_load_alone_unknown
from deeprig_host.training.pcie_link import Link
from deeprig_host.training.peer_checks import Pair, check_arrive, check_even
from deeprig_host.training.product_rates import Rates
from deeprig_host.training.smi import Reading
from deeprig_host.training.transfers_checks import Copies

IDLE = Reading("GPU-1", "00000000:01:00.0", 0.0, 400.0)
BUSY = replace(IDLE, load_percent=97.0, memory_mebibytes=1100.0)
USE = Use("cuda:0", IDLE, BUSY, is_right=True)
#: PCIe of generation 4 with 16 lanes: 31.5 GB/s.
COPIES = Copies("cuda:0", 24.0, 25.0, 11.0, is_same=True, link=Link(16.0, 16))
RATES = Rates((8, 0), float32=18.0, tf32=120.0, short=240.0)


def _bad(checks):
    return {check.name.removeprefix("cuda:0: ") for check in checks if not check.is_good}


def test_a_gpu_that_is_used_passes():
    assert _bad(USE.checks()) == set()
    assert not is_load_alone_unknown([USE])


@pytest.mark.parametrize(
    ("busy", "bad"),
    [
        (replace(BUSY, load_percent=0.0), {"load rises"}),
        (replace(BUSY, load_percent=None), {"load rises"}),
        (replace(BUSY, memory_mebibytes=400.0), {"memory rises"}),
        (replace(BUSY, memory_mebibytes=None), {"memory rises"}),
        (IDLE, {"load rises", "memory rises"}),
    ],
)
def test_a_gpu_that_the_driver_does_not_see_used_fails(busy, bad):
    assert _bad(replace(USE, busy=busy).checks()) == bad


def test_a_wrong_result_fails_whatever_the_driver_tells():
    silent = replace(USE, busy=replace(BUSY, load_percent=None))
    assert is_load_alone_unknown([USE, silent])
    wrong = replace(silent, is_right=False)
    assert _bad(wrong.checks()) == {"load rises", "computes right"}
    assert not is_load_alone_unknown([USE, wrong])
    assert not is_load_alone_unknown([silent, replace(USE, busy=IDLE)])


def test_copies_that_fill_the_link_pass():
    assert _bad(COPIES.checks()) == set()
    assert len(COPIES.checks()) == 3


@pytest.mark.parametrize(
    ("changes", "bad"),
    [
        ({"is_same": False}, {"copies arrive"}),
        ({"pageable_to": 30.0}, {"pinned memory is not slower"}),
        ({"pinned_to": 12.0}, {"the PCIe link is filled"}),
        ({"pinned_from": 12.0}, {"the PCIe link is filled"}),
    ],
)
def test_copies_that_are_wrong_or_slow_fail(changes, bad):
    assert _bad(replace(COPIES, **changes).checks()) == bad


def test_a_link_that_the_kernel_does_not_know_is_not_judged():
    names = {check.name for check in replace(COPIES, link=None).checks()}
    assert names == {"cuda:0: copies arrive", "cuda:0: pinned memory is not slower"}


def test_tensor_cores_that_show_pass():
    assert _bad(RATES.checks()) == set()
    assert {check.name for check in RATES.checks()} == {
        "the short format is faster",
        "TF32 is faster",
    }


def test_tensor_cores_that_do_not_show_fail():
    assert _bad(replace(RATES, short=75.0).checks()) == {"the short format is faster"}
    assert _bad(replace(RATES, tf32=18.0).checks()) == {"TF32 is faster"}


def test_tf32_is_judged_only_where_it_is_faster_by_design():
    rates = Rates((8, 6), float32=30.0, tf32=30.0, short=60.0)
    assert [check.name for check in rates.checks()] == ["the short format is faster"]
    assert _bad(rates.checks()) == set()


@pytest.mark.parametrize("capability", [(7, 0), (7, 5), (8, 0), (8, 6), (9, 0), (12, 0), (99, 0)])
def test_no_bound_is_met_without_tensor_cores(capability):
    plain = Rates(capability, float32=10.0, tf32=10.0, short=10.0)
    assert "the short format is faster" in _bad(plain.checks())


@pytest.mark.parametrize(
    ("name", "capability", "is_bfloat16", "told"),
    [
        ("NVIDIA A100-SXM4-40GB", (8, 0), True, None),
        ("NVIDIA GeForce RTX 2080 Ti", (7, 5), False, None),
        ("NVIDIA GeForce RTX 2080 Ti", (7, 5), True, "has no bfloat16"),
        ("NVIDIA GeForce GTX 1660", (7, 5), False, "has no Tensor Cores"),
        ("NVIDIA GeForce GTX 1080 Ti", (6, 1), False, "has no Tensor Cores"),
    ],
)
def test_what_a_gpu_cannot_by_design_is_said(name, capability, is_bfloat16, told):
    missing = tensor_cores.missing(name, capability, is_bfloat16)
    assert (missing is None) if told is None else missing.endswith(told)


def _pair(source, target, rate, is_direct=True, is_same=True):
    return Pair(f"cuda:{source}", f"cuda:{target}", is_direct, is_same, rate)


def test_a_wrong_copy_between_gpus_fails_and_says_which():
    check = check_arrive([_pair(0, 1, 20.0), _pair(1, 0, 20.0, is_same=False)])
    assert (check.is_good, check.actual) == (False, "wrong: cuda:1 to cuda:0")
    assert check_arrive([_pair(0, 1, 20.0)]).is_good


def test_a_way_far_slower_than_the_others_of_its_kind_fails():
    even = [_pair(0, 1, 20.0), _pair(1, 0, 21.0), _pair(0, 2, 5.0, is_direct=False)]
    assert [check.is_good for check in check_even(even)] == [True, True]
    direct, by_host = check_even([*even, _pair(1, 2, 4.0)])
    assert (direct.is_good, by_host.is_good) == (False, True)
    assert direct.actual == "cuda:1 to cuda:2 4.0 GB/s"
