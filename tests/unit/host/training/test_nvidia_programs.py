"""NVIDIA's own programs where a machine has them: texts of their form, programs that stand in.

No GPU is here, so no text below was recorded. nvbandwidth's, nccl-tests' and DCGM's sources tell
the forms (json_output.cpp; src/util.cu; testing/python3/dcgm_diag_schema.json, DCGM 3's by its
release notes).
"""

import json
import os

import pytest
from deeprig_host.training import dcgm_diag, nccl_perf, nvbandwidth, outside_program
from deeprig_host.training.cases import CaseContext

NCCL = """# nThread 1 nGpus 2 minBytes 8388608 maxBytes 536870912 step: 4(factor)
#  Rank  0 Group  0 Pid   6899 on rig device  0 [0000:01:00] NVIDIA RTX A6000
#       size         count      type   redop    root     time   algbw   busbw #wrong
     8388608       2097152     float     sum      -1    512.3   16.37   16.37      0
# Out of bounds values : {wrong}
# Avg bus bandwidth    : 18.2215{rest}
#
"""


def _document(*tests, name="DCGM Diagnostic", **more):
    categories = [{"category": "Hardware", "tests": list(tests)}]
    return json.dumps({name: {"test_categories": categories, **more}, "entity_groups": []})


def _test(name, *statuses, **more):
    results = [
        {"entity_group": "GPU", "entity_group_id": 1, "entity_id": number, "status": status} | more
        for number, status in enumerate(statuses)
    ]
    return {"name": name, "results": results, "test_summary": {"status": statuses[0]}}


def _judged(text, gpu_count=2):
    found = dcgm_diag.judge(dcgm_diag.parse(text), gpu_count)
    return {
        check.name.removeprefix("dcgmi: "): check.actual for check in found if not check.is_good
    }


def test_a_diagnosis_that_passes():
    text = _document(_test("memory", "Pass", "Pass"), _test("pcie", "Skip", "Skip"))
    assert _judged(text) == {}
    assert dcgm_diag.skipped_in(dcgm_diag.parse(text)) == ("pcie",)


def test_a_test_that_fails_on_one_gpu_is_named_with_its_warning():
    warning = {"error_id": 1, "error_category": 2, "error_severity": 3, "warning": "GPU  1 is bad"}
    text = _document(_test("memory", "Pass", "Fail", warnings=[warning]))
    assert _judged(text)["no test fails"] == "memory GPU 1 Fail: GPU 1 is bad"


@pytest.mark.parametrize("word", ["Warn", "Error", "something new"])
def test_a_word_that_is_neither_good_nor_skipped_is_bad(word):
    assert "no test fails" in _judged(_document(_test("memory", "Pass", word)))


def test_where_all_was_skipped_for_a_gpu_nothing_is_proven():
    text = _document(_test("memory", "Pass", "Skip"), _test("pcie", "Skip", "Skip"))
    assert _judged(text) == {"each GPU passed a test": "1: GPU 0"}
    assert "each GPU passed a test" in _judged(_document(_test("memory", "Pass")))


def test_the_form_of_dcgm_3_is_read_too():
    tests = [
        {"name": "Denylist", "results": [{"status": "Pass"}]},
        {"name": "Memory", "results": [{"gpu_ids": "0", "status": "Pass"}]},
        {"name": "PCIe", "results": [{"gpu_id": 1, "status": "Fail", "warnings": "slow"}]},
    ]
    found = dcgm_diag.parse("said before\n" + _document(*tests, name="DCGM GPU Diagnostic") + "\n")
    assert [one.describe() for one in found] == [
        "Denylist machine Pass",
        "Memory GPU 0 Pass",
        "PCIe GPU 1 Fail: slow",
    ]


@pytest.mark.parametrize(
    "text",
    ["", "Error: unable to connect", "{}", _document(runtime_error="the engine died"), "{x}"],
)
def test_what_is_no_diagnosis_is_none(text):
    with pytest.raises((ValueError, KeyError, TypeError)):
        dcgm_diag.parse(text)


def test_sums_of_nccl_tests():
    good = nccl_perf.parse(NCCL.format(wrong="0 OK", rest=" "))
    assert [check.is_good for check in good.checks()] == [True, True]
    assert good.measurement().value == 18.2215
    bad = nccl_perf.parse(NCCL.format(wrong="3 FAILED", rest=" "))
    assert [check.is_good for check in bad.checks()] == [False, True]
    nothing = nccl_perf.parse(NCCL.format(wrong="0 OK", rest=" ").replace("18.2215", "0"))
    assert [check.is_good for check in nothing.checks()] == [True, False]
    with pytest.raises(ValueError, match="did not come to its end"):
        nccl_perf.parse(NCCL.splitlines()[0])


@pytest.fixture
def program(tmp_path, monkeypatch):
    """Put a program that prints a text where the machine's programs are."""
    place = tmp_path / "bin"
    place.mkdir()
    monkeypatch.setenv("PATH", f"{place}:{os.environ['PATH']}")

    def put(name, text, code=0):
        (place / "told").write_text(text)
        (place / name).write_text(
            f'#!/bin/sh\necho "$@" >{place}/given\ncat {place}/told\nexit {code}\n'
        )
        (place / name).chmod(0o755)
        return place / "given"

    return put


def _context(tmp_path, gpu_count=2):
    return CaseContext(
        "pytorch", "cuda:0", gpu_count, 0, tmp_path, "acceptance", lambda share, text: None
    )


def test_the_cases_ask_the_programs(program, tmp_path):
    given = program("dcgmi", _document(_test("memory", "Pass", "Pass")))
    result = dcgm_diag.run_case(_context(tmp_path))
    assert (result.outcome, given.read_text()) == ("pass", "diag -r 2 -j\n")
    # It ends with another code where it found something.
    program("dcgmi", _document(_test("memory", "Pass", "Fail")), code=226)
    assert dcgm_diag.run_case(_context(tmp_path)).outcome == "fail"
    given = program("all_reduce_perf", NCCL.format(wrong="0 OK", rest=" "))
    result = nccl_perf.run_case(_context(tmp_path))
    assert (result.outcome, given.read_text()) == ("pass", "-b 8M -e 512M -f 4 -g 2 -c 1\n")


def test_what_cannot_run_is_skipped_and_says_why(program, tmp_path, monkeypatch):
    program("dcgmi", "Error: unable to establish a connection to the specified host", code=1)
    result = dcgm_diag.run_case(_context(tmp_path))
    assert result.outcome == "skip"
    assert "nvidia-dcgm" in result.reason
    assert "ended with 1: Error: unable" in result.reason
    assert "two GPUs" in nccl_perf.run_case(_context(tmp_path, gpu_count=1)).reason
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "not installed" in dcgm_diag.run_case(_context(tmp_path)).reason
    assert "not installed" in nccl_perf.run_case(_context(tmp_path)).reason


def test_nccl_tests_that_crash_are_a_fault(program, tmp_path):
    program("all_reduce_perf", "rig: Test NCCL failure common.cu:1005", code=3)
    with pytest.raises(RuntimeError, match="ended with 3: rig: Test NCCL failure"):
        nccl_perf.run_case(_context(tmp_path))


def test_a_program_that_does_not_end_is_ended():
    with pytest.raises(RuntimeError, match="timed out"):
        outside_program.ask(("sleep", "60"), 0.1, str)


def test_nvbandwidth_is_asked_the_same_way(program):
    told = {"testcases": [{"name": "a", "status": "Passed", "bandwidth_matrix": [["N/A", "1.5"]]}]}
    given = program("nvbandwidth", json.dumps({"nvbandwidth": told}))
    (test,) = nvbandwidth.run(("a",))
    assert test.check().is_good
    assert test.measurement().value == 1.5
    assert given.read_text() == "-j -t a\n"
