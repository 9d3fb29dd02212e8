"""The data of reports: counts per role, verdicts that need proof, and the JSON both ways."""

import json
from dataclasses import replace

import pytest

from deeprig.report import store
from deeprig.report.model import (
    HostRun,
    HostVerification,
    OperationResult,
    RoleRow,
    RunReport,
    VerifyReport,
)
from tests.unit.report import samples


def test_a_role_row_counts_by_status_in_the_order_the_roles_ran():
    statuses = ("changed", "would change", "unchanged", "failed", "not run", "interrupted")
    operations = tuple(OperationResult("late", "x", status, seconds=1.04) for status in statuses)
    run = HostRun("rig1", "failed", operations=(OperationResult("a", "x", "changed"), *operations))
    assert run.role_rows() == (
        RoleRow("rig1", "a", changed=1, failed=0, unchanged=0, seconds=0.0),
        RoleRow("rig1", "late", changed=2, failed=1, unchanged=1, seconds=6.2),
    )
    assert run.change_count == 3


def test_an_operation_outside_any_role_is_named_so():
    run = HostRun("rig1", "ok", operations=(OperationResult("", "x", "unchanged"),))
    assert [row.role for row in run.role_rows()] == ["(no role)"]


@pytest.mark.parametrize(
    ("outcomes", "status"),
    [
        (["pass"], "passed"),
        (["pass", "not applicable"], "passed"),
        (["pass", "fail"], "failed"),
        (["pass", "unknown"], "failed"),
        (["fail"], "failed"),
        (["unknown"], "failed"),
        (["not applicable"], "failed"),
        (["not applicable", "unknown"], "failed"),
        ([], "failed"),
    ],
)
def test_a_host_passes_only_with_a_pass_and_without_fail_or_unknown(outcomes, status):
    assert samples.verified(*map(samples.check, outcomes)).status == status


@pytest.mark.parametrize(
    ("outcomes", "reason"),
    [
        ([], "no check ran"),
        (["not applicable"], "no check applies to this host, so nothing is proven"),
        (["fail"], None),
    ],
)
def test_a_host_without_a_failing_check_says_why_it_is_not_passed(outcomes, reason):
    assert samples.verified(*map(samples.check, outcomes)).reason == reason


@pytest.mark.parametrize(
    "outcomes", [[], ["unknown", "pass"], ["fail", "pass"], ["not applicable"]]
)
def test_no_code_can_make_a_pass_that_the_checks_do_not_prove(outcomes):
    with pytest.raises(ValueError, match="do not prove it"):
        HostVerification("rig1", "passed", checks=tuple(map(samples.check, outcomes)))


@pytest.mark.parametrize("make", [samples.full_apply, samples.full_plan, samples.full_verify])
def test_a_report_survives_json(make):
    report = make()
    data = report.to_json()
    text = json.dumps(data, allow_nan=False)
    assert json.loads(text) == data, "plain data only: no tuples, no dataclasses"
    assert store.from_json(json.loads(text)) == report


def test_the_schema_names_command_and_version():
    assert samples.full_apply().to_json()["schema"] == "deeprig.apply/1"
    assert samples.full_plan().to_json()["schema"] == "deeprig.plan/1"
    data = samples.full_verify().to_json()
    assert (data["schema"], data["command"]) == ("deeprig.verify/1", "verify")


def test_a_metric_that_is_no_number_stays_valid_json():
    values = {"metrics": {"loss": float("nan"), "worst": float("-inf"), "epochs": 3}}
    report = samples.verify_report(samples.verified(samples.check("fail", data=values)))
    text = json.dumps(report.to_json(), allow_nan=False)
    checks = json.loads(text)["hosts"][0]["checks"]
    assert checks[0]["data"] == {"metrics": {"loss": "nan", "worst": "-inf", "epochs": 3}}


def test_a_value_without_a_word_in_json_is_refused_by_its_type():
    run = HostRun("rig1", "ok", facts={"when": {1, 2}})
    with pytest.raises(TypeError, match="a report cannot hold set"):
        samples.run_report(run).to_json()


def _set(data, path, value):
    *parents, last = path
    for key in parents:
        data = data[key]
    data[last] = value


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (["hosts", 1, "status"], "splendid", "hosts[1].status: must be 'ok' or"),
        (["hosts", 0, "operations", 0, "seconds"], "3", "operations[0].seconds: must be a number"),
        (["hosts", 0, "operations", 0, "seconds"], True, "operations[0].seconds: must be a number"),
        (["exit_code"], True, "exit_code: must be a whole number"),
        (["exit_code"], 1.0, "exit_code: must be a whole number"),
        (["version"], None, "version: must be text"),
        (["hosts"], {}, "hosts: must be a list"),
        (["hosts", 0], 7, "hosts[0]: must be an object"),
        (["hosts", 0, "facts"], [], "hosts[0].facts: must be an object"),
        (["hosts", 0, "operations", 0, "colour"], 1, "operations[0].colour: unknown key"),
        (["surprise"], 1, "surprise: unknown key"),
        (["hosts", 0, "operations", 0, "commands"], "ls", "commands: must be a list"),
        (["hosts", 0, "simulated"], [1], "hosts[0].simulated[0]: must be text"),
    ],
)
def test_a_damaged_report_is_refused_with_the_place(path, value, message):
    data = samples.full_apply().to_json()
    _set(data, path, value)
    with pytest.raises(ValueError) as raised:  # noqa: PT011 - the message is asserted below
        RunReport.from_json(data)
    assert message in str(raised.value)


def test_a_missing_key_is_named_and_one_with_a_default_may_be_absent():
    data = samples.full_apply().to_json()
    del data["started"], data["hosts"][0]["host"], data["hosts"][0]["simulated"]
    with pytest.raises(ValueError, match=r"started: missing.*hosts\[0\]\.host: missing") as raised:
        RunReport.from_json(data)
    assert "simulated" not in str(raised.value)


def test_a_document_that_is_something_else_gets_a_short_message():
    data = samples.full_apply().to_json() | {f"key{n}": n for n in range(300)}
    with pytest.raises(ValueError, match="and 295 more") as raised:
        RunReport.from_json(data)
    assert len(str(raised.value)) < 300


def test_a_pass_forged_in_the_file_is_refused():
    data = samples.full_verify().to_json()
    data["hosts"][1]["status"] = "passed"
    with pytest.raises(ValueError, match=r"hosts\[1\]: host rig2 cannot be passed"):
        VerifyReport.from_json(data)


@pytest.mark.parametrize(
    ("schema", "command", "message"),
    [
        ("deeprig.apply/2", "apply", "unknown schema 'deeprig.apply/2'"),
        (None, "apply", "unknown schema None"),
        (["deeprig.apply/1"], "apply", "unknown schema"),
        ("deeprig.verify/1", "apply", "unknown schema"),
        ("deeprig.plan/1", "apply", "is not the one of command 'apply'"),
        ("deeprig.apply/1", None, "is not the one of command None"),
    ],
)
def test_a_run_report_is_read_only_under_its_own_schema(schema, command, message):
    data = samples.full_apply().to_json() | {"schema": schema, "command": command}
    with pytest.raises(ValueError, match=message):
        RunReport.from_json(data)


def test_a_verify_report_needs_its_own_schema_and_command():
    data = samples.full_verify().to_json()
    for change in ({"schema": "deeprig.apply/1"}, {"command": "apply"}):
        with pytest.raises(ValueError, match="schema"):
            VerifyReport.from_json(data | change)


def test_reports_cannot_be_changed_behind_their_back():
    report = samples.full_apply()
    with pytest.raises(AttributeError):
        report.exit_code = 0
    assert replace(report, exit_code=7) == report.with_exit_code(7)
