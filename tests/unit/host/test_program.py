"""The whole program with a simulated framework: one JSON object and an exit code, always."""

import math
import subprocess
import sys
from pathlib import Path

import pytest
from deeprig_host.training import data
from deeprig_host.training.device import Cuda
from deeprig_host.training.framework import load_framework
from deeprig_host.training.outputs import Outputs
from deeprig_host.training.reload import predict_in_new_process

HOST = Path(__file__).parents[3] / "host"
KEYS = {
    "schema",
    "framework",
    "framework_version",
    "python_version",
    "device",
    "outcome",
    "checks",
    "metrics",
    "curves",
    "confusion_matrix",
    "reload",
    "cuda",
    "seed",
    "evidence",
}


def failed(answer):
    return [check["name"] for check in answer["checks"] if check["outcome"] == "fail"]


def test_a_good_run_passes_and_says_everything(bench):
    code, answer = bench.run("--seed", "7", "--epochs", "2")
    assert (code, answer["outcome"], failed(answer)) == (0, "pass", [])
    assert set(answer) == KEYS
    assert answer["schema"] == "deeprig.training/1"
    assert (answer["framework"], answer["framework_version"]) == ("pytorch", "0-simulated")
    assert (answer["device"], answer["seed"]) == ("cpu", 7)
    assert answer["confusion_matrix"][3] == [0, 0, 0, 4, 0, 0, 0, 0, 0, 0]
    assert answer["metrics"]["accuracy"] == 1.0
    assert answer["metrics"]["epochs"] == 2
    assert answer["metrics"]["train_samples"] == 40
    assert answer["curves"]["loss"] == [2.3, 0.4, 0.02]
    assert answer["reload"]["max_difference"] == 0.0
    assert answer["evidence"] == (
        "trained on cpu: accuracy 1.000, loss 2.30 -> 0.020, reloaded identically"
    )


def test_what_a_library_prints_goes_to_standard_error(bench):
    bench.run()
    assert "a library that talks" in bench.stderr
    assert "a program that talks" in bench.stderr


def test_the_framework_gets_what_the_command_line_says(bench):
    bench.run("--seed", "3", "--epochs", "4")
    (plan,) = bench.framework.plans
    assert (plan.seed, plan.epochs, plan.device) == (3, 4, "cpu")
    assert plan.workdir == bench.workdir


def test_a_loss_that_does_not_fall_fails(bench):
    bench.change(losses=(2.3, 2.2))
    code, answer = bench.run()
    assert (code, answer["outcome"], failed(answer)) == (1, "fail", ["loss falls"])
    assert answer["evidence"] == "loss falls: expected final/initial < 0.2, got 0.9565"


def test_a_loss_that_is_no_number_fails_in_sound_json(bench):
    bench.change(losses=(2.3, math.nan))
    code, answer = bench.run()
    assert (code, failed(answer)) == (1, ["loss falls"])
    assert answer["metrics"]["loss_final"] is None
    assert answer["curves"]["loss"] == [2.3, None]


@pytest.mark.parametrize("option", ["--min-accuracy", "--min-macro-recall", "--min-macro-f1"])
def test_a_limit_can_be_raised_until_it_fails(bench, option):
    code, answer = bench.run(option, "1.01")
    assert code == 1
    assert len(failed(answer)) == 1


def test_the_loss_limit_can_be_lowered_until_it_fails(bench):
    code, answer = bench.run("--max-loss-ratio", "0.001")
    assert (code, failed(answer)) == (1, ["loss falls"])


def test_other_outputs_after_a_reload_fail(bench):
    raw = bench.framework.outputs.raw
    bench.reloaded = Outputs(raw[:-1] + b"\x3e", 10)
    code, answer = bench.run()
    assert (code, failed(answer)) == (1, ["saved, reloaded in a new process, predicts identically"])
    assert answer["reload"]["sha256"] != answer["reload"]["reloaded_sha256"]
    assert answer["reload"]["max_difference"] > 0


def test_a_required_gpu_without_cuda_fails_with_evidence_and_never_trains(bench):
    code, answer = bench.run("--require-gpu")
    assert (code, answer["outcome"], answer["device"]) == (1, "fail", None)
    assert bench.framework.plans == []
    assert answer["cuda"]["error"] == "no CUDA in this build"
    assert answer["evidence"] == (
        "the device: expected at least 1 GPU, got none usable: built for CUDA none (a CPU build), "
        "available: False, devices: 0; no CUDA in this build"
    )


@pytest.mark.parametrize(("expected", "code"), [("1", 1), ("2", 0), ("3", 1), ("0", 1)])
def test_the_number_of_gpus_must_be_the_expected(bench, expected, code):
    bench.change(seen_cuda=Cuda("12.8", True, 2, ("Simulated H200",) * 2))
    assert bench.run("--gpus", expected)[0] == code


def test_a_gpu_run_names_the_gpu(bench):
    bench.change(
        seen_cuda=Cuda("12.8", True, 1, ("Simulated H200",)), device="cuda:0 Simulated H200"
    )
    code, answer = bench.run("--require-gpu")
    assert (code, answer["device"]) == (0, "cuda:0 Simulated H200")


def test_weights_that_were_on_the_cpu_all_the_time_fail_on_a_gpu_host(bench):
    bench.change(seen_cuda=Cuda("12.8", True, 1, ("Simulated H200",)), device="cpu")
    code, answer = bench.run("--require-gpu")
    assert (code, failed(answer)) == (1, ["the device"])
    assert answer["evidence"] == "the device: expected cuda:0, got cpu"


def test_an_exception_is_a_failure_in_one_line_with_the_traceback_beside(bench):
    bench.change(error=RuntimeError("CUDA error: no kernel image\nis available"))
    code, answer = bench.run()
    assert (code, answer["outcome"], failed(answer)) == (1, "fail", ["training"])
    assert answer["evidence"] == (
        "training: expected no error, got RuntimeError: CUDA error: no kernel image is available"
    )
    assert answer["framework_version"] == "0-simulated"
    assert "Traceback" in bench.stderr


def test_outputs_that_are_no_numbers_are_a_failure(bench):
    bench.change(outputs=Outputs(b"\xff" * len(bench.framework.outputs.raw), 10))
    code, answer = bench.run()
    assert (code, failed(answer)) == (1, ["training"])
    assert "NaN" in answer["evidence"]


@pytest.mark.parametrize(
    "error", [ModuleNotFoundError("No module named 'torch'"), OSError("libcudart.so.12: not found")]
)
def test_a_framework_that_cannot_be_imported_is_a_failure_and_never_a_skip(bench, error):
    def load(name):
        raise error

    code, answer = bench.run(load=load)
    assert (code, answer["outcome"], answer["framework"]) == (2, "fail", "pytorch")
    assert str(error) in answer["evidence"]


def test_an_environment_without_the_data_set_is_a_failure(bench, monkeypatch):
    def load_split(seed):
        raise ModuleNotFoundError("No module named 'sklearn'")

    monkeypatch.setattr(data, "load_split", load_split)
    code, answer = bench.run()
    assert (code, answer["outcome"]) == (2, "fail")
    assert "No module named 'sklearn'" in answer["evidence"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--epochs", "-1"], "-1 is not in 0..4294967295"),
        (["--epochs", "many"], "invalid natural_number value"),
        (["--seed", "4294967296"], "4294967296 is not in 0.."),
        (["--gpus", "-1"], "--gpus"),
        (["--require-gpu", "--gpus", "0"], "contradict"),
        (["--device", "cpu", "--gpus", "1"], "contradict"),
        (["--device", "cpu", "--require-gpu"], "not allowed with"),
        (["--device", "tpu"], "invalid choice"),
        (["--unknown"], "unrecognized arguments: --unknown"),
        (["--workdir", "/nonexistent/directory"], "is no directory"),
    ],
)
def test_bad_usage_is_told_as_json(bench, options, said):
    code, answer = bench.run(*options)
    assert (code, answer["outcome"], failed(answer)) == (2, "fail", ["the command line"])
    assert said in answer["evidence"]
    assert set(answer) == KEYS


def test_an_unknown_framework_is_refused():
    with pytest.raises(ValueError, match="theano is not one of"):
        load_framework("theano")


def test_a_second_process_that_fails_gives_its_reason(tmp_path, monkeypatch):
    # Python without site-packages: no framework can be there, whatever the machine has.
    isolated = tmp_path / "python"
    isolated.write_text(f'#!/bin/sh\nexec {sys.executable} -I -S "$@"\n')
    isolated.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(isolated))
    with pytest.raises(RuntimeError, match=r"in a new process failed: exit 1: .*deeprig_host"):
        predict_in_new_process("pytorch", tmp_path, "cpu")


def test_the_programs_import_no_third_party_package_but_in_the_framework_modules():
    modules = [path.stem for path in (HOST / "deeprig_host/training").glob("*.py")]
    imports = "; ".join(
        f"import deeprig_host.training.{name}"
        for name in sorted(modules)
        if name not in ("pytorch", "__init__")
    )
    code = f"import sys; sys.path.insert(0, {str(HOST)!r}); {imports}"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
