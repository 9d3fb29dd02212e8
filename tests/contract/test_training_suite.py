"""The training suite with the real PyTorch on a CPU: all of it passes, and a cut keeps its part."""

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.contract.mutations.bench import Bench

HOST = Path(__file__).parents[2] / "host"
LIFE_IN_SMOKE = {"preprocess", "cnn", "recurrent", "tensorboard", "reload"}
LIFE = LIFE_IN_SMOKE | {"sgd", "early_stopping", "search", "service", "export"}


@pytest.fixture(scope="module")
def bench(torch_python, tmp_path_factory):
    """Runs suites in one process."""
    found = Bench(torch_python, tmp_path_factory.mktemp("suite"))
    yield found
    found.end()


def _named(names):
    return [word for name in sorted(names) for word in ("--case", name)]


def _shares(answer, name):
    """How far a case was, as it told."""
    return [e["share"] for e in answer.events if e["event"] == "progress" and e["name"] == name]


def _life(document):
    return {case["name"]: case["outcome"] for case in document["cases"] if case["group"] == "life"}


def test_a_smoke_run_proves_the_life_of_a_model(bench):
    answer = bench.run("--profile", "smoke", "--gpus", "0", *_named(LIFE_IN_SMOKE))
    document = answer.document
    assert (answer.code, document["outcome"]) == (0, "pass"), document["evidence"]
    assert _life(document) == dict.fromkeys(LIFE_IN_SMOKE, "pass")
    seconds = {case["name"]: case["seconds"] for case in document["cases"]}
    print(f"smoke: {sum(seconds.values()):.1f} s after imports: {seconds}")  # noqa: T201 - measured
    assert {"torch", "numpy", "scikit-learn", "tensorboard"} <= set(document["versions"])
    cnn = answer.case("cnn")
    assert sum(map(sum, cnn["data"]["confusion_matrix"])) == 360
    assert {m["name"] for m in cnn["measurements"]} >= {"accuracy", "macro_recall", "macro_f1"}
    curves = {name: len(line) for name, line in cnn["curves"].items()}
    assert curves == {"loss": 21, "validation_loss": 21, "validation_accuracy": 21}
    assert _shares(answer, "cnn")[-1] == 1.0
    assert all(_shares(answer, name) == sorted(_shares(answer, name)) for name in LIFE_IN_SMOKE)


@pytest.mark.full
def test_an_acceptance_run_proves_the_rest_too(bench):
    answer = bench.run("--profile", "acceptance", "--gpus", "0", *_named(LIFE - LIFE_IN_SMOKE))
    assert answer.code == 0, answer.document["evidence"]
    assert _life(answer.document) == dict.fromkeys(LIFE - LIFE_IN_SMOKE, "pass")
    told = {name: _shares(answer, name) for name in LIFE - LIFE_IN_SMOKE}
    assert all(shares and shares == sorted(shares) for shares in told.values()), told
    forms = set(answer.case("export")["data"]["bytes"])
    assert forms == {"torchscript", "exported program", "onnx"}


def test_an_environment_without_tensorboard_skips_that_case_and_says_why(bench):
    edit = (
        "pytorch/tensorboard.py",
        "    try:\n",
        "    import sys\n    sys.modules['torch.utils.tensorboard'] = None\n    try:\n",
    )
    answer = bench.run(
        "--profile", "smoke", "--device", "cpu", "--case", "tensorboard", edits=(edit,)
    )
    assert (answer.code, answer.document["outcome"]) == (1, "fail")
    case = answer.case("tensorboard")
    assert case["outcome"] == "skip"
    assert case["reason"].startswith("the environment has no TensorBoard: ")


def test_a_run_that_is_told_to_end_keeps_what_was_finished(torch_python, tmp_path):
    workdir = tmp_path / "work"
    workdir.mkdir()
    command = [torch_python, "-m", "deeprig_host.training", "suite", "pytorch", "--device", "cpu"]
    command += ["--workdir", workdir, "--profile", "acceptance"]
    command += _named({"preprocess", "cnn", "search"})
    clean = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(HOST), "HOME": str(tmp_path)}
    with (
        (tmp_path / "stderr").open("wb") as errors,
        subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            cwd="/",
            env=clean | {"PYTHONDONTWRITEBYTECODE": "1"},
        ) as run,
    ):
        for line in run.stdout:
            event = json.loads(line)
            if event["event"] == "progress" and event["name"] == "cnn":
                os.kill(run.pid, signal.SIGTERM)
                break
        events = [json.loads(line) for line in run.stdout]
    document = events[-1]["document"]
    assert (run.returncode, document["outcome"], document["is_cut"]) == (1, "fail", True)
    outcomes = {case["name"]: case["outcome"] for case in document["cases"]}
    assert outcomes == {"device": "pass", "preprocess": "pass", "cnn": "skip", "search": "skip"}
    kept = (workdir / "results.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["name"] for line in kept] == ["device", "preprocess"]
