"""What holds for every rule: it can pass and can be broken, and not knowing never helps."""

import copy

import pytest

from deeprig.audit.declaration import HardwareDeclaration
from deeprig.audit.rules import RULES
from deeprig.errors import DeeprigError
from tests.unit.audit import described_hosts as hosts

#: Judged under load only, so that an idle machine can never be held to it.
NEVER_BROKEN = {"pcie.generation"}


def weak(number=1, **more):
    """A card of 2 GB and Kepler's capability, hot and slowed down."""
    card = hosts.gpu(number, "0fc6", "NVIDIA GeForce GTX 650", 2048, compute_capability="3.0")
    hot = {"temperature_celsius": 91.0, "is_slowed_by_heat": True}
    return card | {"power_limit_watts": 300.0, "power_max_watts": 300.0} | hot | more


def poor():
    """A machine in which everything is wrong that can be, with four cards on one lane each."""
    document = hosts.workstation(ram_gib=1.5, cores=2)
    document["cpu"]["max_mhz"] = 1600.0
    document["firmware"] |= {"above_4g": False}
    document["disks"] = [hosts.disk("sda", 120, "sata", holds_root=True)]
    document["nics"] = [hosts.nic("eno1", 100)]
    cards = [weak(number) for number in (1, 2, 3, 4)]
    hosts.put_in(document, *cards, lanes=16)
    for function in document["pci"]:
        if function["vendor"] == "10de":
            function["link"] |= {"width": 1}
    return document


POOR = {
    "psu_watts": 400,
    "cpu_watts": 100,
    "cooler_type": {f"0000:0{n}:00.0": "open-air" for n in (1, 2, 3)} | {"0000:09:00.0": "water"},
    "free_slots_between_gpus": 0,
}


def outcomes(document, use="multi-gpu", **declared):
    findings = hosts.audit_of(document, use=use, **declared).findings
    return {finding.rule: finding.outcome for finding in findings}


def test_every_rule_can_pass():
    blower = {f"0000:0{n}:00.0": "blower" for n in (1, 2, 3, 4)}
    cards = outcomes(hosts.four_cards(), psu_watts=2500, cpu_watts=250, cooler_type=blower)
    server = outcomes(hosts.eight_h100(), cooler_type="passive")
    passed = {rule for found in (cards, server) for rule in found if found[rule] == "pass"}
    assert set(cards) - passed == set()


def test_every_rule_can_be_broken():
    broken = outcomes(poor(), **POOR)
    none = outcomes(hosts.workstation())
    passive = outcomes(hosts.rtx_4090_workstation(), cooler_type="passive")
    found = {
        rule for some in (broken, none, passive) for rule in some if some[rule] in ("warn", "fail")
    }
    assert set(broken) - found == NEVER_BROKEN


def leaves(value, path=()):
    """Yield the path of everything in a document that is not null."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, (*path, key))
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from leaves(item, (*path, index))
    if value is not None and path:
        yield path


def without(document, path):
    """Return the document with null at a path; None where the collector never leaves one."""
    changed = copy.deepcopy(document)
    place = changed
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = None
    try:
        hosts.facts_of(changed)
    except DeeprigError:
        return None
    return changed


@pytest.mark.parametrize("declared", [POOR, {}], ids=["declared", "nothing declared"])
def test_not_knowing_never_makes_a_machine_better(declared):
    document = poor()
    bad = {rule for rule, outcome in outcomes(document, **declared).items() if outcome != "pass"}
    tried = 0
    for path in leaves(document):
        changed = without(document, path)
        if changed is not None:
            tried += 1
            now = outcomes(changed, **declared)
            assert [rule for rule in bad if now[rule] == "pass"] == [], path
    assert tried > 50


@pytest.mark.parametrize("field", HardwareDeclaration.model_fields)
def test_declaring_less_never_makes_a_machine_better(field):
    bad = {rule for rule, outcome in outcomes(poor(), **POOR).items() if outcome != "pass"}
    less = {key: value for key, value in POOR.items() if key != field}
    now = outcomes(poor(), **less)
    assert [rule for rule in bad if now[rule] == "pass"] == []


@pytest.mark.parametrize("use", ["experiment", "kaggle", "research", "multi-gpu"])
def test_a_poor_machine_fits_no_use(use):
    audit = hosts.audit_of(poor(), use=use, **POOR)
    assert audit.verdict.answer == "does not fit"
    assert len(audit.findings) == len(RULES)
