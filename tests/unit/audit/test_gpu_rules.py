"""Rules about GPUs, each seen passing, not passing, unknown and not applicable."""

import pytest

from deeprig.audit.gpu_rules import gpu_count, gpu_memory, gpu_present, gpu_tensor_cores
from tests.unit.audit import described_hosts as hosts


def with_cards(*cards):
    return hosts.put_in(hosts.workstation(), *cards)


def card(number, memory_mib, device="2684", **more):
    return hosts.gpu(number, device, "a card", memory_mib, **more)


def told_unknown(what):
    document = hosts.workstation()
    document["unknown"].append({"what": what, "why": "no /sys in here"})
    return document


def test_a_gpu_is_present_or_not():
    found = gpu_present(hosts.machine_of(hosts.rtx_4090_workstation()))
    assert (found.outcome, found.actual) == ("pass", "NVIDIA GeForce RTX 4090")
    assert gpu_present(hosts.machine_of(hosts.workstation())).outcome == "fail"


def test_a_gpu_of_another_maker_is_told_and_does_not_count():
    document = with_cards(card(3, 512, vendor="8086"))
    found = gpu_present(hosts.machine_of(document))
    assert (found.outcome, found.actual) == ("fail", "none, and 1 of other makers")


@pytest.mark.parametrize("what", ["gpus", "pci"])
def test_a_bus_that_cannot_be_read_leaves_gpus_unknown(what):
    machine = hosts.machine_of(told_unknown(what))
    assert gpu_present(machine).outcome == "unknown"
    assert gpu_present(machine).actual == "cannot be told: no /sys in here"
    assert gpu_count(machine, "multi-gpu").outcome == "unknown"


def test_without_any_bus_gpus_are_unknown():
    machine = hosts.machine_of({**hosts.workstation(), "pci": []})
    assert gpu_present(machine).outcome == "unknown"
    assert gpu_count(machine, "multi-gpu").outcome == "unknown"


def test_only_the_use_of_several_gpus_counts_them():
    one, four = hosts.rtx_4090_workstation(), hosts.four_cards()
    assert gpu_count(hosts.machine_of(one), "research").outcome == "not applicable"
    assert gpu_count(hosts.machine_of(one), "multi-gpu").outcome == "fail"
    assert gpu_count(hosts.machine_of(four), "multi-gpu").outcome == "pass"


@pytest.mark.parametrize(
    ("memory_mib", "use", "outcome"),
    [
        (3072, "experiment", "fail"),
        (4096, "experiment", "warn"),
        (6144, "kaggle", "warn"),
        (8188, "experiment", "pass"),
        (8188, "kaggle", "pass"),
        (6144, "research", "fail"),
        (8192, "research", "warn"),
        (10240, "research", "warn"),
        (11178, "research", "pass"),
        (24564, "multi-gpu", "not applicable"),
    ],
)
def test_memory_is_graded_by_use(memory_mib, use, outcome):
    machine = hosts.machine_of(with_cards(card(1, memory_mib)))
    assert gpu_memory(machine, use).outcome == outcome


def test_the_largest_card_decides_and_for_several_the_second_largest():
    machine = hosts.machine_of(with_cards(card(1, 2048), card(2, 24564)))
    assert gpu_memory(machine, "research").outcome == "pass"
    assert gpu_memory(machine, "multi-gpu").outcome == "fail"
    machine = hosts.machine_of(with_cards(card(1, 24564), card(2, 24564), card(3, 2048)))
    assert gpu_memory(machine, "multi-gpu").outcome == "pass"


def test_memory_before_a_driver_is_unknown_and_the_remedy_names_the_driver():
    document = with_cards(hosts.before_driver(card(1, 24564)))
    why = "no NVIDIA driver is loaded"
    document["unknown"].append({"what": "gpus.0000:01:00.0.memory_bytes", "why": why})
    found = gpu_memory(hosts.machine_of(document), "experiment")
    assert (found.outcome, found.actual) == ("unknown", f"cannot be told: {why}")
    assert "driver" in found.remedy


def test_one_card_that_is_enough_needs_no_word_from_the_other():
    document = with_cards(card(1, 24564), hosts.before_driver(card(2, 24564)))
    assert gpu_memory(hosts.machine_of(document), "research").outcome == "pass"
    assert gpu_memory(hosts.machine_of(document), "multi-gpu").outcome == "unknown"
    document = with_cards(card(1, 6144), hosts.before_driver(card(2, 24564)))
    assert gpu_memory(hosts.machine_of(document), "research").outcome == "unknown"


@pytest.mark.parametrize(
    ("device", "said", "outcome"),
    [
        ("2684", "8.9", "pass"),
        ("1db1", "7.0", "pass"),
        ("1e07", "7.5", "pass"),
        ("1b06", "6.1", "warn"),
        ("2182", "7.5", "warn"),  # GTX 1660 Ti: TU116
        ("1f82", "7.5", "warn"),  # GTX 1650: TU117
        ("2684", None, "pass"),
        ("1b06", None, "warn"),
        ("ffff", None, "unknown"),
        ("ffff", "13.0", "pass"),
    ],
)
def test_tensor_cores_are_told_by_driver_or_pci_id(device, said, outcome):
    document = with_cards(card(1, 8192, device, compute_capability=said))
    assert gpu_tensor_cores(hosts.machine_of(document)).outcome == outcome


def test_one_card_without_tensor_cores_is_named():
    document = with_cards(
        card(1, 24564, compute_capability="8.9"),
        card(2, 11264, "1b06", compute_capability="6.1"),
    )
    found = gpu_tensor_cores(hosts.machine_of(document))
    assert (found.outcome, found.actual) == ("warn", "compute 6.1: a card at 0000:02:00.0")


def test_without_a_gpu_nothing_is_asked_of_it():
    machine = hosts.machine_of(hosts.workstation())
    assert gpu_memory(machine, "research").outcome == "not applicable"
    assert gpu_tensor_cores(machine).outcome == "not applicable"
