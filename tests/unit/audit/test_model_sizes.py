"""Model sizes: parameters x bytes, for one GPU, for each of a kind and for all together."""

import pytest

from deeprig.audit.model_sizes import in_words, model_sizes
from deeprig.audit.workloads import WORKLOADS
from tests.unit.audit import described_hosts as hosts


def sizes_of(document):
    """Return sizes by place and workload."""
    sizes = model_sizes(hosts.machine_of(document))
    return {(size.where, size.workload.name): size for size in sizes}


RTX = "NVIDIA GeForce RTX 4090"


@pytest.mark.parametrize(
    ("workload", "parameters", "example"),
    [
        # 24564 MiB are 25 757 220 864 bytes.
        ("training, fp32", 1_609_826_304, "GPT-2 XL"),
        ("training, mixed (16-bit weights)", 1_609_826_304, "GPT-2 XL"),
        ("training, mixed (torch.autocast)", 1_430_956_714, "BERT-large"),
        ("inference, 16 bit", 12_878_610_432, "LLaMA 7B"),
        ("inference, 8 bit", 25_757_220_864, "LLaMA 13B"),
        ("inference, 4 bit", 51_514_441_728, "LLaMA 33B"),
    ],
)
def test_one_gpu_holds_its_memory_by_the_bytes_of_each_parameter(workload, parameters, example):
    size = sizes_of(hosts.rtx_4090_workstation())[RTX, workload]
    assert (size.parameters, size.example) == (parameters, example)


def test_the_formula_is_shown():
    size = sizes_of(hosts.rtx_4090_workstation())[RTX, "training, fp32"]
    assert size.formula == "24.0 GiB / 16 B = 1.6 billion parameters"


def test_the_parts_of_each_workload_add_up_to_its_bytes():
    for workload in WORKLOADS:
        parts = workload.parts.split(" + ")
        assert sum(float(part.split()[0]) for part in parts) == workload.bytes_per_parameter


def test_eight_alike_are_told_once_and_together():
    sizes = sizes_of(hosts.eight_h100())
    assert {where for where, _ in sizes} == {
        "each of 8 NVIDIA H100 80GB HBM3",
        "all 8 GPUs together",
    }
    one = sizes["each of 8 NVIDIA H100 80GB HBM3", "training, fp32"]
    together = sizes["all 8 GPUs together", "training, fp32"]
    assert one.parameters == 81559 * hosts.MIB // 16
    assert together.parameters == 8 * one.parameters
    assert (one.is_sharded, together.is_sharded) == (False, True)
    assert len(one.gpus) == len(together.gpus) == 8
    assert together.formula == "8 x 79.6 GiB / 16 B = 42.7 billion parameters"


def test_of_unlike_gpus_the_smallest_limits_all_together():
    cards = (hosts.rtx_4090(1), hosts.gpu(2, "1b06", "old", 11264))
    sizes = sizes_of(hosts.put_in(hosts.workstation(), *cards))
    together = sizes["all 2 GPUs together", "inference, 8 bit"]
    assert together.parameters == 2 * 11264 * hosts.MIB
    assert sizes["old", "inference, 8 bit"].parameters == 11264 * hosts.MIB
    assert sizes[RTX, "inference, 8 bit"].parameters == 24564 * hosts.MIB


def test_before_a_driver_sizes_are_unknown_and_say_so():
    card = hosts.before_driver(hosts.rtx_4090(1))
    sizes = sizes_of(hosts.put_in(hosts.workstation(), card))
    assert len(sizes) == len(WORKLOADS)
    assert {size.parameters for size in sizes.values()} == {None}
    assert all("driver" in size.formula for size in sizes.values())


def test_a_gpu_too_small_for_any_known_model_names_none():
    tiny = hosts.put_in(hosts.workstation(), hosts.gpu(1, "0fc0", "tiny", 256))
    size = sizes_of(tiny)["tiny", "training, fp32"]
    assert (size.parameters, size.example) == (16 * 2**20, None)


def test_without_a_gpu_there_are_no_sizes():
    assert model_sizes(hosts.machine_of(hosts.virtual_machine())) == ()


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        (1_609_826_304, "1.6 billion"),
        (1_999_999_999, "1.9 billion"),
        (12_000_000_000, "12 billion"),
        (999_999_999, "999 million"),
    ],
)
def test_sizes_are_never_told_larger_than_they_are(parameters, words):
    assert in_words(parameters) == words
