"""The suite's events come from a host that may say anything: what is no event is no proof."""

import json

import pytest

from deeprig.certificate.read_training import read_training
from deeprig.verify.checks import Checks
from deeprig.verify.training.burn import BurnRequest, with_burn
from deeprig.verify.training.events import CaseEnded, Heard
from deeprig.verify.training.over_ssh import Ended
from deeprig.verify.training.proof import Proof, judged, record_case

GOOD = {"schema": "deeprig.training/2", "outcome": "pass", "evidence": "7 cases passed on cpu"}
CNN = {"name": "cnn", "group": "life", "outcome": "pass", "reason": "", "seconds": 2.5}
DONE = Ended(0, "")


def heard(*told):
    cases, progress = [], []
    made = Heard(cases.append, progress.append)
    for one in told:
        made.take(one if isinstance(one, str) else json.dumps(one))
    return made, cases, progress


def document(told):
    return {"event": "document", "document": told}


def finished(**changes):
    return {"event": "case_finished", "result": CNN | changes}


def test_a_document_that_passes_with_exit_0_is_a_pass():
    found = judged(heard(finished(), document(GOOD))[0], DONE)
    assert found == Proof(True, "7 cases passed on cpu", GOOD)


@pytest.mark.parametrize(
    ("change", "code"),
    [({"outcome": "fail"}, 1), ({}, 1), ({"outcome": 1}, 0), ({"outcome": None}, 0)],
)
def test_anything_else_is_no_pass(change, code):
    assert judged(heard(document(GOOD | change))[0], Ended(code, "")).is_good is False


@pytest.mark.parametrize(
    "said",
    ["", "Killed", "[]", "[1, 2]", "null", '"pass"', "3", "{}", '{"outcome": "pass"}', "[" * 9999,
     json.dumps(document("pass")), json.dumps(document(GOOD | {"schema": "deeprig.training/1"})),
     json.dumps({"event": "document"}), json.dumps({"event": ["document"]})],
)  # fmt: skip
def test_what_is_no_document_is_unknown(said):
    found = judged(heard(said)[0], Ended(137, ""))
    assert (found.is_good, found.data) == (None, {})
    assert "gave no answer (exit 137)" in found.evidence


def test_a_run_that_is_cut_tells_what_was_not_finished_and_keeps_the_rest():
    made, cases, _ = heard({"event": "started", "cases": ["device", "cnn", "reload"]}, finished())
    found = judged(made, Ended(255, "Connection to rig1 closed by remote host."))
    assert found.is_good is None
    assert found.evidence.startswith("the connection was lost: Connection to rig1 closed")
    assert found.evidence.endswith("not finished: device, reload")
    assert [case.name for case in cases] == ["cnn"]


def test_the_end_of_what_was_said_is_the_evidence():
    found = judged(heard()[0], Ended(1, "x" * 900 + "MemoryError"))
    assert found.evidence.endswith("MemoryError")
    assert len(found.evidence) < 700
    told = judged(heard("bash: timeout: command not found")[0], Ended(127, ""))
    assert told.evidence.endswith("command not found")


@pytest.mark.parametrize(
    ("outcome", "is_good", "is_skipped"),
    [
        ("pass", True, False),
        ("fail", False, False),
        ("skip", None, True),
        ("PASS", None, False),
        (None, None, False),
        (1, None, False),
        ([], None, False),
    ],
)
def test_an_outcome_that_is_not_known_is_unknown(outcome, is_good, is_skipped):
    _, (case,), _ = heard(finished(outcome=outcome))
    assert (case.is_good, case.is_skipped) == (is_good, is_skipped)


def test_progress_is_shown_without_what_would_steer_a_terminal():
    told = {"event": "progress", "name": "cnn", "share": 0.5, "text": "\x1b[2Jepoch 3"}
    _, _, progress = heard({"event": "case_started", "name": "cnn"}, told)
    assert progress[0] == "cnn"
    assert "epoch 3" in progress[1]
    assert "\x1b" not in progress[1]


@pytest.mark.parametrize("seconds", ["long", None, [], "9" * 400, 10**400, -1, 1e308])
def test_a_time_that_is_none_is_nothing(seconds):
    _, (case,), _ = heard(finished(seconds=seconds))
    assert case.seconds == 0


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({}, "pass"),
        ({"outcome": "fail", "reason": "accuracy: expected >= 0.93"}, "fail"),
        ({"outcome": "skip", "reason": "it needs a GPU"}, "not applicable"),
        ({"outcome": "good"}, "unknown"),
    ],
)
def test_a_case_becomes_a_check(changes, outcome):
    _, (case,), _ = heard(finished(**changes))
    check = Checks()
    record_case(check, "pytorch", "torch", case)
    (made,) = check.recorded
    assert (made.name, made.outcome, made.environment) == ("pytorch: cnn", outcome, "torch")
    assert made.data["case"] == "cnn"
    assert made.evidence == (changes.get("reason") or "2.5 s")


def test_the_suites_own_results_are_told_only_where_they_are_bad():
    check = Checks()
    _, cases, _ = heard(finished(group="suite"), finished(group="suite", outcome="fail"))
    for case in cases:
        record_case(check, "pytorch", "torch", case)
    assert [made.outcome for made in check.recorded] == ["fail"]


REQUEST = BurnRequest("/opt/conda/envs/torch", 2, 1.5, "soak")


def burned(is_good):
    told = {
        "name": "burn", "group": "burn", "reason": "" if is_good else "it got slower",
        "outcome": {True: "pass", False: "fail", None: "unknown"}[is_good], "seconds": 90.0,
        "checks": [{"name": "GPU 0: as fast at the end", "is_good": is_good is True,
                    "expected": "0.9", "actual": "1"}],
        "measurements": [{"name": "GPU 0 throughput", "value": 158.2, "unit": "TFLOP/s",
                          "better": "higher"}],
        "curves": {}, "data": {},
    }  # fmt: skip
    return CaseEnded("burn", "burn", is_good, False, told["reason"], 60.0, told)


@pytest.mark.parametrize(
    ("suite", "burn", "both"),
    [
        (True, True, True),
        (True, False, False),
        (True, None, None),
        (False, True, False),
        (False, None, False),
        (None, True, None),
        (None, False, None),
        (None, None, None),
    ],
)
def test_a_suite_and_its_burn_must_both_be_good(suite, burn, both):
    proof = Proof(suite, "told", {} if suite is None else GOOD | {"cases": [CNN]})
    found = with_burn(proof, burned(burn), REQUEST)
    assert found.is_good is both
    assert found.data.get("burn_minutes") == (None if suite is burn is None else 1.5)
    if suite is not None:
        assert [case["name"] for case in found.data["cases"]] == ["cnn", "burn"]
        assert (found.data["outcome"] == "pass") is (suite is True and burn is True) or not suite


@pytest.mark.parametrize("burn", [True, False])
def test_what_a_burn_told_is_kept_where_the_suite_gave_no_answer(burn):
    found = with_burn(Proof(None, "no answer", {}), burned(burn), REQUEST)
    assert found.evidence.startswith("no answer; burn")
    told = read_training(found.data, "torch")
    assert told.problems == ()
    assert (told.name, told.device, told.profile) == (
        "burn in environment torch", "GPU 0, GPU 1", "soak",
    )  # fmt: skip
    (case,) = told.cases
    assert case.outcome == ("pass" if burn else "fail")
    assert [m.value for m in case.measurements] == [158.2]
