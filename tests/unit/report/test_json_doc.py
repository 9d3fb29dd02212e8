"""docs/json.md says what the classes and real reports say."""

import json
import re

import pytest

from deeprig.certificate.model import Certificate
from deeprig.report import html, junit, store
from tests.unit.report import json_doc


def test_the_page_is_up_to_date():
    current = json_doc.PAGE.read_text(encoding="utf-8")
    assert current == json_doc.page(), "run python -m tests.unit.report.json_doc"


def test_every_field_is_described_and_nothing_else():
    assert json_doc.undescribed() == []


@pytest.mark.parametrize("command", ["plan", "apply", "verify", "inspect"])
def test_a_recorded_report_is_read_and_written_without_loss(command):
    path = json_doc.RECORDED / f"{command}.json"
    report = store.load(path)
    assert report.command == command
    assert report.to_json() == json.loads(path.read_text(encoding="utf-8"))
    assert junit.to_xml(report)
    assert html.to_page(report)


def test_the_examples_of_the_page_are_whole_reports():
    examples = re.findall(r"```json\n(.*?)```", json_doc.page(), re.DOTALL)
    reports = [store.from_json(json.loads(example)) for example in examples[:4]]
    assert [report.command for report in reports] == list(json_doc.REPORTS)
    made = Certificate.from_json(json.loads(examples[4]))
    assert (made.verdict, [host.host for host in made.hosts]) == ("failed", ["rig1"])
    small = [json.loads(example)["schema"] for example in examples[5:]]
    assert small == [f"deeprig.{name}/1" for name in json_doc.SMALL]


def test_the_certificate_is_that_of_the_recorded_reports():
    assert json_doc.recorded(json_doc.CERTIFICATE) == json_doc.certificate()


def test_the_examples_show_what_matters():
    plan, apply, verify = (
        store.load(json_doc.RECORDED / f"{name}.json") for name in ("plan", "apply", "verify")
    )
    assert any(result.diffs for result in plan.hosts[0].operations)
    assert apply.hosts[0].change_count == 1
    outcomes = {check.outcome for check in verify.hosts[0].checks}
    assert outcomes == {"pass", "fail"}
    assert any("metrics" in check.data for check in verify.hosts[0].checks)
    assert verify.hosts[0].facts["distribution"] == "debian"
