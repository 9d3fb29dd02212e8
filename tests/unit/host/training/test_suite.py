"""The suite's events, document and exit codes; no way leads from unknown to proven."""

import json
import math
import os
import signal
import subprocess
import sys
import time

import pytest
from deeprig_host.training.cases import CaseResult, Measurement, judged, skipped
from deeprig_host.training.device import Cuda
from deeprig_host.training.suite_document import SCHEMA

from tests.unit.host.training.conftest import BAD, GOOD
from tests.unit.report.small_documents import mistakes

KEYS = {
    "schema",
    "framework",
    "framework_version",
    "backend",
    "python_version",
    "profile",
    "device",
    "seed",
    "outcome",
    "evidence",
    "cuda",
    "versions",
    "cases",
    "is_cut",
    "seconds_imports",
    "seconds_after_imports",
    "cpu_seconds_after_imports",
}


def outcomes(document):
    return {case["name"]: case["outcome"] for case in document["cases"]}


def test_a_good_run_tells_each_case_and_ends_with_the_document(bench):
    code, events = bench.run("--gpus", "0", "--skip-case", "gpu", "--seed", "7")
    assert code == 0
    told = [(event["event"], event.get("name")) for event in events]
    assert told == [
        ("started", None),
        ("case_finished", None),
        ("case_started", "one"),
        ("case_finished", None),
        ("case_started", "two"),
        ("case_finished", None),
        ("document", None),
    ]
    assert events[0]["cases"] == ["device", "one", "two"]
    document = events[-1]["document"]
    assert set(document) == KEYS
    assert (document["schema"], document["outcome"], document["is_cut"]) == (SCHEMA, "pass", False)
    assert (document["device"], document["seed"], document["profile"]) == ("cpu", 7, "acceptance")
    assert document["evidence"].startswith("2 cases passed on cpu; ")
    assert document["cases"] == [event["result"] for event in events if "result" in event]


def test_a_run_tells_what_it_took_after_imports(bench):
    def load(name, backend):
        time.sleep(0.05)
        return bench.framework

    def busy(context):
        begun = time.process_time()
        while time.process_time() - begun < 0.05:
            pass
        return judged((GOOD,))

    bench.functions["one"] = busy
    _, document = bench.document("--device", "cpu", "--case", "one", load=load)
    assert document["seconds_imports"] >= 0.05
    assert document["cpu_seconds_after_imports"] >= 0.05
    after, cpu = document["seconds_after_imports"], document["cpu_seconds_after_imports"]
    assert after > 0
    told = f"{after:.1f} s after imports ({cpu:.1f} s of processor time)"
    assert document["evidence"] == f"1 cases passed on cpu; {told}"
    assert mistakes(document, "suite") == []


def test_the_time_of_processes_that_a_case_starts_is_in_it(bench):
    program = "import time\nwhile time.process_time() < 0.1: pass"

    def run(context):
        subprocess.run([sys.executable, "-c", program], check=True)
        return judged((GOOD,))

    bench.functions["one"] = run
    _, document = bench.document("--device", "cpu", "--case", "one")
    assert document["cpu_seconds_after_imports"] >= 0.1


def test_what_is_finished_is_kept_on_disk(bench):
    _, events = bench.run("--device", "cpu")
    kept = (bench.workdir / "results.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in kept] == [e["result"] for e in events if "result" in e]


def test_a_case_has_a_directory_of_its_own_and_tells_progress(bench):
    def run(context):
        context.emit(0.25, "a quarter")
        (context.workdir / "file").write_text("", encoding="ascii")
        return judged((GOOD,))

    bench.functions["one"] = run
    _, events = bench.run("--device", "cpu", "--case", "one")
    assert {"event": "progress", "name": "one", "share": 0.25, "text": "a quarter"} in events
    assert (bench.workdir / "one/file").exists()


def test_a_failed_check_fails_the_run_and_the_next_case_runs_all_the_same(bench):
    bench.functions["one"] = lambda context: judged((GOOD, BAD))
    code, document = bench.document("--device", "cpu")
    assert (code, document["outcome"]) == (1, "fail")
    assert outcomes(document) == {"device": "pass", "one": "fail", "two": "pass", "gpu": "skip"}
    told = "one: a check: expected this, got that; skipped: gpu; "
    assert document["evidence"].startswith(told)


def test_what_a_case_raises_is_its_failure_with_the_reason(bench):
    def broken(context):
        raise RuntimeError("cuDNN\nis not there")

    bench.functions["one"] = broken
    code, document = bench.document("--device", "cpu")
    assert (code, outcomes(document)["one"], outcomes(document)["two"]) == (1, "fail", "pass")
    assert document["cases"][1]["reason"] == "RuntimeError: cuDNN is not there"
    assert "Traceback" in bench.stderr


def test_a_case_that_checked_nothing_fails(bench):
    bench.functions["one"] = lambda context: judged(())
    code, document = bench.document("--device", "cpu", "--case", "one")
    assert (code, document["cases"][1]["reason"]) == (1, "nothing was checked")


def test_a_pass_without_a_good_check_and_a_skip_without_a_reason_cannot_be_said():
    with pytest.raises(ValueError, match="passes without good checks"):
        CaseResult("pass")
    with pytest.raises(ValueError, match="passes without good checks"):
        CaseResult("pass", checks=(GOOD, BAD))
    with pytest.raises(ValueError, match="skip without a reason"):
        skipped("")


def test_a_run_of_skips_proves_nothing(bench):
    bench.functions["one"] = lambda context: skipped("no TensorBoard here")
    code, document = bench.document("--device", "cpu", "--case", "one")
    assert (code, document["outcome"], outcomes(document)["one"]) == (1, "fail", "skip")
    assert document["evidence"].startswith("none passed; skipped: one; ")


def test_a_case_for_gpus_is_skipped_on_the_cpu_with_its_reason(bench):
    _, document = bench.document("--device", "cpu")
    assert document["cases"][3]["reason"] == "it needs a GPU; this run is on cpu"
    assert "gpu" not in [context.workdir.name for context in bench.contexts]


def test_a_case_is_given_the_gpus_that_are_there(bench):
    bench.framework.seen_cuda = Cuda("12.8", True, 2, ("Simulated H200",) * 2)
    code, document = bench.document("--gpus", "2")
    assert (code, document["device"]) == (0, "cuda:0 Simulated H200")
    assert {(c.device, c.gpu_count) for c in bench.contexts} == {("cuda:0", 2)}
    assert document["cases"][0]["checks"][0]["actual"] == "Simulated H200, Simulated H200"


def test_on_a_machine_with_gpus_the_cpu_is_used_where_it_is_asked_for(bench):
    bench.framework.seen_cuda = Cuda("12.8", True, 2, ("Simulated H200",) * 2)
    _, document = bench.document("--device", "cpu")
    assert document["device"] == "cpu"
    assert {(c.device, c.gpu_count) for c in bench.contexts} == {("cpu", 0)}


@pytest.mark.parametrize("options", [("--gpus", "1"), ("--require-gpu",)])
def test_a_gpu_host_without_cuda_fails_and_runs_no_case(bench, options):
    code, events = bench.run(*options)
    document = events[-1]["document"]
    assert (code, document["outcome"], document["device"]) == (1, "fail", None)
    assert (outcomes(document), bench.contexts) == ({"device": "fail"}, [])
    assert events[0]["cases"] == ["device"]
    assert "no CUDA in this build" in document["evidence"]


def test_numbers_that_are_none_are_null(bench):
    bench.functions["one"] = lambda context: judged(
        (GOOD,),
        (Measurement("speed", math.inf, "1/s", "higher"),),
        {"loss": (1.0, math.nan)},
        {"nested": [{"deep": math.nan}]},
    )
    _, document = bench.document("--device", "cpu", "--case", "one")
    case = document["cases"][1]
    speed = {"name": "speed", "value": None, "unit": "1/s", "better": "higher"}
    assert case["measurements"] == [speed]
    assert (case["curves"], case["data"]) == ({"loss": [1.0, None]}, {"nested": [{"deep": None}]})


def test_a_framework_that_cannot_be_imported_is_not_run(bench):
    def load(name, backend):
        raise ModuleNotFoundError("No module named 'torch'")

    code, document = bench.document("--device", "cpu", load=load)
    assert (code, document["outcome"], outcomes(document)) == (2, "fail", {"framework": "fail"})
    assert "No module named 'torch'" in document["evidence"]
    assert (document["seconds_imports"], document["seconds_after_imports"]) == (None, None)


def test_a_framework_that_breaks_when_asked_is_no_pass(bench):
    bench.framework.error = OSError("libcuda.so.1: cannot open")
    code, document = bench.document("--device", "cpu")
    assert (code, document["outcome"]) == (1, "fail")
    assert "libcuda.so.1" in document["evidence"]


@pytest.fixture(params=[signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def number(request):
    """A signal that is not ignored, whoever started these tests (nohup, a shell's ``&``)."""
    before = signal.signal(request.param, signal.default_int_handler)
    yield request.param
    signal.signal(request.param, before)


def test_a_cut_run_keeps_what_is_finished_and_is_no_pass(bench, number):
    before = signal.getsignal(number)
    bench.functions["two"] = lambda context: os.kill(os.getpid(), number)
    code, document = bench.document("--device", "cpu")
    assert (code, document["outcome"], document["is_cut"]) == (1, "fail", True)
    assert outcomes(document) == {"device": "pass", "one": "pass", "two": "skip", "gpu": "skip"}
    reason = f"not finished: the run was cut ({number.name})"
    assert {case["reason"] for case in document["cases"][2:]} == {reason}
    assert signal.getsignal(number) is before
    kept = (bench.workdir / "results.jsonl").read_text(encoding="utf-8")
    assert [json.loads(line)["name"] for line in kept.splitlines()] == ["device", "one"]


def test_a_signal_that_is_ignored_does_not_cut(bench, number):
    signal.signal(number, signal.SIG_IGN)

    def hung_up(context):
        os.kill(os.getpid(), number)
        return judged((GOOD,))

    bench.functions["one"] = hung_up
    assert bench.run("--device", "cpu", "--case", "one")[0] == 0
    assert signal.getsignal(number) is signal.SIG_IGN


def test_nobody_reading_ends_the_run_and_not_the_case(bench, monkeypatch):
    from deeprig_host.training import output

    lines = []

    def write(descriptor, raw):
        lines.append(raw)
        if len(lines) == 4:
            raise BrokenPipeError("nobody")
        return len(raw)

    monkeypatch.setattr(output.os, "write", write)
    code, _ = bench.run("--device", "cpu")
    assert code == 1
    assert len(bench.contexts) == 1
    document = json.loads(lines[-1])["document"]
    assert document["is_cut"]
    assert "nobody reads the events" in document["cases"][2]["reason"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--case", "three"), "no case of pytorch: three (one, two, gpu)"),
        (("--skip-case", "three"), "no case of pytorch: three"),
        (("--case", "one", "--skip-case", "one"), "has no case to run"),
        (("--backend", "torch"), "--backend is Keras' and Keras needs it"),
        (("--require-gpu", "--gpus", "0"), "contradict each other"),
        (("--device", "cpu", "--gpus", "1"), "contradict each other"),
    ],
)
def test_bad_usage_is_told_as_such(bench, options, says):
    code, events = bench.run(*options)
    (document,) = [event["document"] for event in events]
    assert (code, document["outcome"], outcomes(document)) == (2, "fail", {"usage": "fail"})
    assert set(document) == KEYS
    assert says in document["evidence"]


def test_keras_needs_a_backend_and_says_which_it_had(bench):
    assert bench.run("--device", "cpu", framework="keras")[0] == 2
    code, document = bench.document("--device", "cpu", "--backend", "jax", framework="keras")
    assert (code, document["backend"]) == (0, "jax")
    assert outcomes(document) == {"device": "pass", "two": "pass"}


def test_the_profile_chooses_and_a_named_case_runs_in_any_profile(bench):
    _, document = bench.document("--device", "cpu", profile="smoke")
    assert list(outcomes(document)) == ["device", "one"]
    _, document = bench.document("--device", "cpu", "--case", "two", profile="smoke")
    assert list(outcomes(document)) == ["device", "two"]
