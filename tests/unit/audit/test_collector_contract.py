"""What the host's collector prints, the controller reads and grades: each of its recorded hosts."""

import json
import sys
from pathlib import Path

import pytest

from tests.unit.audit import described_hosts as hosts
from tests.unit.host.audit import recorded_hosts

sys.path.insert(0, str(Path(__file__).parents[3] / "host"))

from deeprig_host.audit.collect import collect
from deeprig_host.audit.tree import Tree

NOT, UNKNOWN = "does not fit", "unknown"
#: Verdicts with nothing declared: experiment, Kaggle, research, several GPUs.
VERDICTS = {
    "this_vm": [NOT, NOT, NOT, NOT],
    "qemu_vm": [NOT, NOT, NOT, NOT],
    "no_gpu": [NOT, NOT, NOT, NOT],
    "rtx4090": [UNKNOWN, UNKNOWN, UNKNOWN, NOT],
    "four_open_air": [UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN],
    "h100x8": [UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN],
    # 8 GB of RAM beside 11 GB on the card.
    "gtx1080ti": [NOT, NOT, NOT, NOT],
    "laptop": ["fits with warnings", "fits with warnings", "fits with warnings", NOT],
}


def collected(name, root):
    """Return what the collector says of a recorded host, as it travels."""
    root.mkdir()
    recorded_hosts.files_of(name).write(root)
    return json.loads(json.dumps(collect(Tree(root))))


@pytest.mark.parametrize("name", recorded_hosts.NAMES)
def test_a_recorded_host_is_read_and_graded(name, tmp_path):
    audit = hosts.audit_of(collected(name, tmp_path / "root"))
    assert [verdict.answer for verdict in audit.verdicts] == VERDICTS[name]


@pytest.mark.parametrize("name", recorded_hosts.NAMES)
def test_every_unknown_is_told_in_the_collectors_words(name, tmp_path):
    audit = hosts.audit_of(collected(name, tmp_path / "root"), psu_watts=9000, cpu_watts=500)
    unknown = [finding for finding in audit.findings if finding.outcome == "unknown"]
    guessed = [finding for finding in unknown if "the machine does not tell" in finding.actual]
    assert guessed == []


@pytest.mark.parametrize("name", ["rtx4090", "h100x8", "gtx1080ti", "laptop"])
def test_before_its_driver_a_machine_is_graded_by_what_the_bus_tells(name, tmp_path):
    root = tmp_path / "root"
    after = collected(name, root)
    for path in ("proc/driver/nvidia/version", "recorded/nvml.json"):
        (root / path).unlink()
    before = json.loads(json.dumps(collect(Tree(root))))
    assert [gpu["source"] for gpu in before["gpus"]] == ["pci"] * len(after["gpus"])
    was, now = ({f.rule: f for f in hosts.audit_of(d).findings} for d in (before, after))
    for rule in ("gpu.present", "gpu.tensor_cores", "pcie.seated", "ram.size"):
        assert was[rule].outcome == now[rule].outcome
    for rule in ("gpu.memory", "ram.matches_gpu", "cooling.temperature"):
        assert was[rule].outcome == "unknown"
        assert "no NVIDIA driver is loaded" in was[rule].actual
        assert "once the driver is installed" in was[rule].remedy
    assert {size.parameters for size in hosts.audit_of(before).model_sizes} == {None}


def test_an_empty_machine_is_unknown_and_nothing_fails(tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    audit = hosts.audit_of(json.loads(json.dumps(collect(Tree(root)))))
    outcomes = {finding.rule: finding.outcome for finding in audit.findings}
    assert not {"fail", "warn", "pass"} & set(outcomes.values())
    assert outcomes["gpu.present"] == outcomes["ram.size"] == "unknown"
    assert [verdict.answer for verdict in audit.verdicts] == [UNKNOWN] * 4
