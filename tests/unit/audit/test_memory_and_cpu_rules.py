"""Rules about main memory and CPU, each seen passing, not passing and unknown."""

import pytest

from deeprig.audit.cpu_rules import cpu_clock, cpu_cores_per_gpu
from deeprig.audit.memory_rules import ram_matches_gpu, ram_size
from tests.unit.audit import described_hosts as hosts


def with_ram(ram_gib, *cards):
    document = hosts.put_in(hosts.workstation(), *cards)
    document["memory"]["total_bytes"] = None if ram_gib is None else int(ram_gib * hosts.GIB)
    return hosts.machine_of(document)


@pytest.mark.parametrize(
    ("ram_gib", "outcome"),
    [
        (7.7, "fail"),
        (15.1, "fail"),  # sixteen less than 5 % is 15.2
        (15.3, "warn"),
        (30.3, "warn"),
        (30.5, "pass"),
        (62.6, "pass"),
        (None, "unknown"),
    ],
)
def test_main_memory_is_graded_with_5_per_cent_for_the_firmware(ram_gib, outcome):
    assert ram_size(with_ram(ram_gib)).outcome == outcome


@pytest.mark.parametrize(
    ("modules_gib", "outcome"),
    [((8, 8), "warn"), ((8, 0), "fail"), ((), "fail"), ((16, 16), "pass")],
)
def test_modules_tell_the_size_where_much_is_kept_from_the_kernel(modules_gib, outcome):
    document = hosts.workstation(ram_gib=13.6)
    document["memory"]["slots"] = [
        {"locator": f"DIMM{n}", "size_bytes": size * hosts.GIB, "type": None, "speed_mts": None}
        for n, size in enumerate(modules_gib)
    ]
    assert ram_size(hosts.machine_of(document)).outcome == outcome


@pytest.mark.parametrize(
    ("ram_gib", "outcome"), [(15.6, "fail"), (22.7, "fail"), (23.4, "pass"), (None, "unknown")]
)
def test_main_memory_is_at_least_that_of_the_largest_gpu(ram_gib, outcome):
    small = hosts.gpu(2, "1b06", "small", 11264)
    assert ram_matches_gpu(with_ram(ram_gib, small, hosts.rtx_4090(1))).outcome == outcome


def test_a_gpu_that_does_not_tell_may_be_larger_unless_another_already_is():
    silent = hosts.before_driver(hosts.rtx_4090(2))
    assert ram_matches_gpu(with_ram(62.6, hosts.rtx_4090(1), silent)).outcome == "unknown"
    assert ram_matches_gpu(with_ram(62.6, silent)).outcome == "unknown"
    assert ram_matches_gpu(with_ram(15.6, hosts.rtx_4090(1), silent)).outcome == "fail"
    assert ram_matches_gpu(with_ram(15.6)).outcome == "not applicable"


def with_cpu(*cards, **cpu):
    document = hosts.put_in(hosts.workstation(), *cards)
    document["cpu"] |= cpu
    return hosts.machine_of(document)


@pytest.mark.parametrize(
    ("cores", "outcome", "told"),
    [
        (1, "warn", "0.5 per GPU"),
        (2, "warn", "enough only for data preprocessed before"),
        (4, "pass", "2 per GPU"),
        (None, "unknown", "cannot be told"),
    ],
)
def test_each_gpu_has_cores_to_feed_it(cores, outcome, told):
    found = cpu_cores_per_gpu(with_cpu(hosts.rtx_4090(1), hosts.rtx_4090(2), cores=cores))
    assert found.outcome == outcome
    assert told in found.actual


def test_without_a_gpu_no_core_has_to_feed_it():
    assert cpu_cores_per_gpu(with_cpu(cores=1)).outcome == "not applicable"


@pytest.mark.parametrize(
    ("max_mhz", "outcome"), [(1800.0, "warn"), (2000, "warn"), (2001, "pass"), (None, "unknown")]
)
def test_the_clock_is_above_2_ghz(max_mhz, outcome):
    assert cpu_clock(with_cpu(max_mhz=max_mhz)).outcome == outcome
