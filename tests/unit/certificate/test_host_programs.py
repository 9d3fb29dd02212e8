"""What the host's programs tell is what the certificate reads: names, groups, schemas, limits.

The objects are the host programs' own; what stands in them is made up.
"""

import json

import pytest
from deeprig_host.alerts.xid_lines import Xid
from deeprig_host.burn.burning import Burning
from deeprig_host.burn.crew import Order, Worker
from deeprig_host.burn.limits import Limits
from deeprig_host.burn.result import result
from deeprig_host.burn.samples import Counters, Sample
from deeprig_host.burn.told import Ready, Second
from deeprig_host.gpu.errors import RemappedRows
from deeprig_host.gpu.library import Gpu
from deeprig_host.training import suite_document
from deeprig_host.training.case_table import CASES
from deeprig_host.training.cases import PROFILES, CaseResult, Measurement
from deeprig_host.training.evaluation import Check

from deeprig.certificate import claims, figures
from deeprig.certificate.burn_rows import burn_rows
from deeprig.certificate.read_training import SCHEMAS, read_training
from deeprig.certificate.series import groups_of

ROWS = RemappedRows(0, 0, is_pending=False, has_failed=False)
COUNTERS = Counters(0, 0, ROWS, is_retirement_pending=False)
SECONDS = 40


def burnt(**changes):
    """Return a burn's result as the orchestrator prints it: two cards, and the CPU beside them."""
    gpus = tuple(Gpu(n, f"GPU-{n}", "NVIDIA L4", f"0000:0{n + 1}:00.0", None) for n in range(2))
    ready = Ready("Card", "bfloat16", 8192, "ab" * 32, 0.01, 0.05, 4, "2.13.0")
    second = Second(100.0, 1.0, 100, 25, 0, 0.0, is_plain=False)
    workers = [
        Worker(Order(name, ()), None, None, 0.0, ready, [second] * SECONDS, has_ended=True)
        for name in ("GPU 0", "GPU 1", "CPU")
    ]
    names = ("GPU 0", "GPU 1")
    reasons = ("software_power_cap",)
    samples = [Sample(float(n), 60 + n, None, 1800, 2000, 70.0, 99, reasons) for n in range(30)]
    return Burning(
        gpus,
        tuple(workers),
        dict.fromkeys(names, samples),
        dict.fromkeys(names, COUNTERS),
        dict.fromkeys(names, COUNTERS),
        **changes,
    )


def document(*results, **more):
    findings = suite_document.SuiteFindings(
        "pytorch", results, "2.13.0", None, "acceptance", "cuda:0 NVIDIA L4", 20, **more
    )
    return json.loads(json.dumps(suite_document.suite_document(findings)))


def test_schemas_cases_profiles_and_limits_have_one_name():
    assert suite_document.SCHEMA in SCHEMAS
    assert set(PROFILES) == set(claims.REQUIRED)
    assert Limits().last_to_first == figures.LEAST_SHARE
    smoke = {case.name for case in CASES if "smoke" in case.profiles and case.group == "life"}
    assert set(claims.ESSENTIAL) <= smoke


def test_a_document_of_the_suite_is_understood():
    good = CaseResult(
        "pass", "", (Check("accuracy", True, ">= 0.93", "0.97"),),
        (Measurement("accuracy", 0.97, "1", "higher"), Measurement("odd", float("nan"), "s")),
        {"loss": (2.3, float("inf"), 0.1)}, {"confusion_matrix": ((3, 1), (0, 4))},
        "cnn", "life", 2.0,
    )  # fmt: skip
    skip = CaseResult("skip", "the environment has no ONNX", name="export", group="life")
    bad = CaseResult(
        "fail", "it forgot", (Check("same", False, "0", "1"),), name="reload", group="life"
    )
    read = read_training(document(good, skip, bad), "torch")
    assert read.problems == ()
    assert [(case.name, case.outcome, case.reason) for case in read.cases] == [
        ("cnn", "pass", ""),
        ("export", "skip", "the environment has no ONNX"),
        ("reload", "fail", "it forgot"),
    ]
    assert (read.told, read.is_cut, read.is_on_gpu) == ("fail", False, True)
    cnn = read.case("cnn")
    assert [one.value for one in cnn.measurements] == [0.97, None]
    assert cnn.curves[0].values == (2.3, None, 0.1)
    assert cnn.matrix == ((3, 1), (0, 4))


def test_a_cut_run_is_read_as_cut():
    assert read_training(document(is_cut=True), "torch").is_cut


@pytest.mark.parametrize(
    ("xids", "outcome", "words"),
    [
        ((), "pass", "none"),
        ((Xid("0000:01:00.0", 79, "off the bus"),), "fail", "code 79, text off the bus"),
        (None, "fail", "not told"),
    ],
)
def test_a_burn_is_understood(xids, outcome, words):
    told = suite_document.tell_result(result(burnt(), xids, Limits()))
    wrapped = {**document(), "cases": [json.loads(json.dumps(told))], "outcome": told["outcome"]}
    read = read_training(wrapped, None)
    assert read.problems == ()
    (case,) = read.cases
    assert case.outcome == outcome
    notes = {note.name: note.text for note in case.notes}
    assert notes["GPU 1"] == "NVIDIA L4; clocks held down by (samples): software_power_cap 30"
    assert words in notes["Xid errors"]
    rows = {row.device: row for row in burn_rows(read)}
    assert set(rows) == {"GPU 0", "GPU 1", "CPU"}
    row = rows["GPU 1"]
    assert (row.start, row.end, row.change) == ("100 TFLOP/s", "100 TFLOP/s", "\u00b10.0 %")
    assert (row.hottest, row.lowest_clock, row.highest_power) == ("89 \u00b0C", "1800 MHz", "70 W")
    titles = [group.quantity.title for group in groups_of(case)]
    assert titles == ["Throughput", "Temperature", "Clock", "Power", "Load"]


def test_a_burn_that_was_cut_is_no_proof():
    told = suite_document.tell_result(result(burnt(cut_by="SIGTERM"), (), Limits()))
    (case,) = read_training({**document(), "cases": [told]}, None).cases
    assert (case.outcome, case.reason) == ("fail", "not finished: it was cut (SIGTERM)")
