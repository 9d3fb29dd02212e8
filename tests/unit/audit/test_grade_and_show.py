"""The whole audit: as JSON, and on terminals of any width."""

import io
import json

import pytest
from rich.cells import cell_len
from rich.console import Console

from deeprig.audit.finding import Finding
from deeprig.audit.grade import SCHEMA
from deeprig.audit.rules import RULES
from deeprig.audit.show import show_audit
from deeprig.audit.sources import SSD
from deeprig.report.encode import encode
from deeprig.report.screen import Screen
from tests.unit.audit import described_hosts as hosts

DOCUMENTS = {
    "VM": hosts.virtual_machine,
    "no GPU": hosts.workstation,
    "RTX 4090": hosts.rtx_4090_workstation,
    "4 cards": hosts.four_cards,
    "8 H100": hosts.eight_h100,
    "GTX 1080 Ti": hosts.gtx_1080_ti,
    "laptop": hosts.laptop,
    "VM with a GPU": hosts.passed_through,
}
every_host = pytest.mark.parametrize("make", DOCUMENTS.values(), ids=DOCUMENTS)


def shown(audit, *, width=80, terminal=False, verbose=False):
    stream = io.StringIO()
    console = Console(file=stream, width=width, force_terminal=terminal, color_system=None)
    show_audit(audit, "gpu-1", Screen(console), verbose=verbose)
    return stream.getvalue()


@every_host
def test_the_audit_is_json_that_says_what_each_rule_wanted(make):
    audit = hosts.audit_of(make(), use="research")
    document = json.loads(json.dumps(encode(audit)))
    assert document["schema"] == SCHEMA
    assert document["use"] == "research"
    assert len(document["findings"]) == len(RULES)
    for finding in document["findings"]:
        assert finding["expected"]
        assert finding["actual"]
        assert finding["source"]["origin"]
    assert [verdict["use"] for verdict in document["verdicts"]] == [
        "experiment",
        "kaggle",
        "research",
        "multi-gpu",
    ]


def test_findings_and_verdict_are_those_of_the_declared_use():
    document = hosts.laptop()
    assert hosts.audit_of(document).verdict.answer == "fits"
    audit = hosts.audit_of(document, use="multi-gpu")
    assert audit.verdict.answer == "does not fit"
    assert {f.rule: f.outcome for f in audit.findings}["gpu.count"] == "fail"


@every_host
@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_no_line_is_wider_than_the_terminal(make, width):
    text = shown(hosts.audit_of(make()), width=width, terminal=True)
    assert max(cell_len(line) for line in text.splitlines()) <= width
    assert "…" not in text


@every_host
def test_a_log_tells_every_finding_verdict_and_remedy(make):
    audit = hosts.audit_of(make())
    text, sources = shown(audit), shown(audit, verbose=True)
    for finding in audit.findings:
        assert finding.rule in text
        if finding.remedy:
            assert f": {finding.outcome}: {finding.actual}" in text
            assert f": {finding.expected}" in text
            assert f"-> {finding.remedy}" in text
            assert f"{finding.source.rule} ({finding.source.origin})" in sources
    for verdict in audit.verdicts:
        assert f"{verdict.use} " in text
        assert verdict.answer in text


def test_what_does_not_apply_is_one_line_unless_all_is_asked_for():
    audit = hosts.audit_of(hosts.workstation())
    assert "not applicable: gpu.count, gpu.memory" in shown(audit)
    assert "0 GPUs: lanes hardly matter" not in shown(audit)
    assert "0 GPUs: lanes hardly matter" in shown(audit, verbose=True)


def test_sizes_come_with_formula_source_and_what_is_not_counted():
    text = shown(hosts.audit_of(hosts.four_cards()))
    assert "4 weights + 4 gradients + 8 Adam" in text
    assert "ZeRO (2020)" not in text
    assert "ZeRO (2020)" in shown(hosts.audit_of(hosts.four_cards()), verbose=True)
    assert "24.0 GiB / 16 B = 1.6 billion parameters" in text
    assert "training, fp32: 4 x 24.0 GiB / 16 B = 6.4 billion parameters" in text
    assert "fit on all 4 GPUs together" in text
    assert "Not counted: activations" in text
    assert "FSDP" in text
    assert "FSDP" not in shown(hosts.audit_of(hosts.rtx_4090_workstation()))
    assert "Model sizes" not in shown(hosts.audit_of(hosts.workstation()))


def test_what_has_reason_and_remedy_in_common_is_told_once():
    text = shown(hosts.audit_of(hosts.virtual_machine()))
    assert "storage.ssd, storage.nvme, storage.archive: unknown: cannot be told" in text
    assert "storage.nvme expects: an SSD on NVMe" in text
    assert text.count("look at the machine underneath") == 1


def test_the_machine_is_told_part_by_part():
    parts = {part.part: part.text for part in hosts.audit_of(hosts.four_cards()).machine}
    assert parts["machine"] == "Gigabyte TRX40 AORUS XTREME, desktop"
    assert parts["gpus"] == "4 x NVIDIA GeForce RTX 3090 (24.0 GiB, compute 8.6, 350 W)"
    assert parts["firmware"].endswith("Secure Boot off, Above 4G on, IOMMU on")
    assert parts["disks"] == "2.0 TB nvme SSD, 4.0 TB sata HDD"
    guest = {part.part: part.text for part in hosts.audit_of(hosts.virtual_machine()).machine}
    assert guest["machine"] == "QEMU Standard PC (Q35 + ICH9, 2009), virtual machine (kvm)"
    assert guest["gpus"] == "none of NVIDIA's"
    assert guest["network"] == "wired of unknown speed"
    server = {part.part: part.text for part in hosts.audit_of(hosts.eight_h100()).machine}
    assert server["gpus"].endswith("700 W), 4 NVSwitches")


def test_unknown_sizes_say_unknown():
    card = hosts.before_driver(hosts.rtx_4090(1))
    text = shown(hosts.audit_of(hosts.put_in(hosts.workstation(), card)))
    assert "GPU 10de:2684" in text
    assert "inspect again once it is installed" in text


def test_what_a_host_put_into_a_name_is_not_obeyed():
    document = hosts.rtx_4090_workstation()
    document["gpus"][0]["name"] = "\x1b[2J[bold]RTX"
    text = shown(hosts.audit_of(document))
    assert "\x1b" not in text
    assert "[bold]RTX" in text


@pytest.mark.parametrize(
    ("outcome", "remedy"), [("fail", None), ("unknown", None), ("pass", "buy"), ("warn", None)]
)
def test_a_finding_has_a_remedy_exactly_where_one_is_needed(outcome, remedy):
    with pytest.raises(ValueError, match="remedy"):
        Finding("a.rule", outcome, "this", "that", SSD, remedy)
