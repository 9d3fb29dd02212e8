"""The collector's document is read strictly: a surprise is told with its place."""

import json

import pytest

from deeprig.audit.read import read_facts
from deeprig.errors import DeeprigError
from tests.unit.audit import described_hosts as hosts


def test_a_document_becomes_facts():
    facts = hosts.facts_of(hosts.rtx_4090_workstation())
    assert facts.gpus[0].memory_bytes == 24564 * 1024**2
    assert facts.pci[2].class_ == "030000"
    assert facts.pci[2].parents == ("0000:00:01.0",)
    assert facts.memory.slots is None
    assert facts.unknown[0].what == "memory.slots"


def changed(**changes):
    return json.dumps({**hosts.rtx_4090_workstation(), **changes})


def with_capability(capability):
    document = hosts.rtx_4090_workstation()
    document["gpus"][0]["compute_capability"] = capability
    return json.dumps(document)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("bash: python3: command not found", "printed no JSON"),
        ("[]", "schema None"),
        (changed(schema="deeprig.hardware/2"), "'deeprig.hardware/2'"),
        (changed(nvswitch_count="0"), "nvswitch_count: must be a whole number"),
        (changed(weather="fine"), "weather: unknown key"),
        (changed(pci=[3]), "pci[0]: must be an object"),
        (changed(pci={}), "pci: must be a list"),
        (changed(cpu=None), "cpu: must be an object"),
        (with_capability("eight"), "gpus[0]: compute capability 'eight'"),
        (with_capability(""), "gpus[0]: compute capability ''"),
    ],
)
def test_what_is_no_such_document_is_refused_with_its_place(text, told):
    with pytest.raises(DeeprigError) as caught:
        read_facts(text, "gpu-1")
    problem = caught.value.problems[0]
    assert told in problem.reason
    assert problem.place == "gpu-1"
    assert problem.remedy
