"""JUnit XML as CI systems read it."""

from xml.etree import ElementTree

import junitparser
import pytest

from deeprig.report.junit import to_xml
from deeprig.report.model import HostRun, HostVerification
from tests.unit.report import samples


def suites(report):
    return {suite.get("name"): suite for suite in ElementTree.fromstring(to_xml(report))}  # noqa: S314 - our own XML


def cases(suite):
    """Return {name: tag of the result, None for a success}."""
    tags = ("failure", "error", "skipped")
    return {
        case.get("name"): next((child.tag for child in case if child.tag in tags), None)
        for case in suite.iter("testcase")
    }


@pytest.mark.parametrize("make", [samples.full_apply, samples.full_plan, samples.full_verify])
def test_a_parser_of_others_counts_what_we_count(make, tmp_path):
    path = tmp_path / "report.xml"
    path.write_text(to_xml(make()), encoding="utf-8")
    parsed = junitparser.JUnitXml.fromfile(str(path))
    said = (parsed.tests, parsed.failures, parsed.errors, parsed.skipped)
    said_by_suites = [(s.name, s.tests, s.failures, s.errors, s.skipped) for s in parsed]
    for suite in parsed:
        suite.update_statistics()
    parsed.update_statistics()
    assert said == (parsed.tests, parsed.failures, parsed.errors, parsed.skipped)
    assert said_by_suites == [(s.name, s.tests, s.failures, s.errors, s.skipped) for s in parsed]
    assert parsed.tests > 0


def test_every_outcome_of_a_check_has_its_element():
    found = suites(samples.full_verify())
    assert list(found) == ["rig1", "rig2", "rig3"]
    assert cases(found["rig1"]) == {
        "package git is installed": None,
        "GPU is seen": "skipped",
        "conda works (simulated)": None,
        "it trains (pytorch) [torch]": None,
    }
    assert cases(found["rig2"]) == {"time zone": "failure", "CUDA is there": "error"}
    assert cases(found["rig3"]) == {"the host can be verified": "error"}


def test_every_status_of_an_operation_has_its_element():
    statuses = ("changed", "unchanged", "failed", "would change", "interrupted", "not run")
    run = HostRun("rig1", "ok", operations=tuple(samples.operation(s, s) for s in statuses))
    assert cases(suites(samples.run_report(run))["rig1"]) == {
        "changed": None,
        "unchanged": None,
        "would change": None,
        "failed": "failure",
        "interrupted": "error",
        "not run": "skipped",
    }


@pytest.mark.parametrize(
    ("status", "element"),
    [("failed", "failure"), ("unreachable", "error"), ("interrupted", "error"), ("ok", None)],
)
def test_a_host_that_did_not_end_well_is_no_success_even_without_operations(status, element):
    report = samples.run_report(HostRun("rig1", status, reason="because"))
    expected = {"the host ran to its end": element} if element else {}
    assert cases(suites(report)["rig1"]) == expected


def test_a_host_without_checks_is_no_success():
    report = samples.verify_report(HostVerification.of_checks("rig1", ()))
    assert cases(suites(report)["rig1"]) == {"the host can be verified": "failure"}


def test_reason_and_remedy_are_in_the_error():
    error = suites(samples.full_verify())["rig3"].find(".//error")
    assert error.get("message") == samples.UNREACHABLE_REASON
    assert error.text == f"{samples.UNREACHABLE_REASON}\n{samples.UNREACHABLE_REMEDY}"


def test_evidence_metrics_diffs_and_commands_are_kept():
    trained = suites(samples.full_verify())["rig1"].findall(".//system-out")[-1].text
    assert "accuracy 0.978" in trained
    assert "macro recall: 0.977" in trained
    planned = suites(samples.full_plan())["rig1"].find(".//system-out").text
    assert "$ chmod 644 /etc/motd" in planned
    assert "+managed by us" in planned


def test_the_message_is_the_first_line_that_says_something():
    report = samples.verify_report(
        samples.verified(samples.check("fail", evidence="\n \nit broke\nhere"))
    )
    assert suites(report)["rig1"].find(".//failure").get("message") == "it broke"


def test_what_is_simulated_is_a_property_of_the_suite():
    properties = suites(samples.full_apply())["rig1"].findall("properties/property")
    assert [(p.get("name"), p.get("value")) for p in properties] == [
        ("simulated", "conda: the conda command is the tests' stand-in")
    ]


def test_times_are_seconds_and_the_timestamp_has_no_zone():
    suite = suites(samples.full_verify())["rig1"]
    assert (suite.get("time"), suite.get("timestamp")) == ("20.000", "2026-11-21T06:16:00")


def test_every_control_character_still_gives_xml_that_parses():
    nasty = "".join(map(chr, range(0x20))) + "\x7f\x9b\ufffe\uffff\ud800 <&>\"' ]]> end"
    check = samples.check("fail", nasty, evidence=nasty, environment=nasty)
    run = HostRun(nasty, "failed", reason=nasty, simulated=(nasty,),
                  operations=(samples.operation("failed", nasty, output=nasty),))  # fmt: skip
    for report in (samples.verify_report(samples.verified(check)), samples.run_report(run)):
        (suite,) = suites(report).values()
        text = suite.find(".//failure").text
        assert text.endswith("<&>\"' ]]> end")
        assert "\x1b" not in text


def test_the_declared_encoding_is_utf8_whatever_the_locale(monkeypatch):
    monkeypatch.setattr("locale.getpreferredencoding", lambda *_: "ANSI_X3.4-1968")
    assert to_xml(samples.full_verify()).startswith("<?xml version='1.0' encoding='utf-8'?>")
