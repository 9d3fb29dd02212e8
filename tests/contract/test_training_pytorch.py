"""The training proof with the real PyTorch, and with sabotages that it must notice.

Sabotage comes from outside, by a script that spoils one thing and then starts the program: the
product has no switch for it.
"""

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.contract.torch_environment import TORCH, check_call

HOST = Path(__file__).parents[2] / "host"
RELOAD = "saved, reloaded in a new process, predicts identically"


@pytest.fixture
def train(torch_python, tmp_path):
    """Run the program as the host does; returns exit code and the JSON object."""

    def run(*options, script=None, python=torch_python):
        workdir = tmp_path / "work"
        workdir.mkdir(exist_ok=True)
        start = ["-m", "deeprig_host.training"] if script is None else [script]
        command = [python, *start, "pytorch", "--workdir", workdir, *options]
        clean = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(HOST), "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(
            [str(part) for part in command],
            capture_output=True,
            text=True,
            cwd="/",
            env=clean | {"HOME": str(tmp_path)},
            timeout=300,
            check=False,
        )
        assert done.stdout.count("\n") == 1, done.stdout + done.stderr
        return done.returncode, json.loads(done.stdout)

    return run


@pytest.fixture
def sabotaged(train, tmp_path):
    """Run the program after some lines that spoil one thing."""

    def run(lines, *options):
        script = tmp_path / "sabotage.py"
        start = "\nimport sys\nfrom deeprig_host.training.__main__ import main\nsys.exit(main())\n"
        script.write_text(textwrap.dedent(lines) + start, encoding="utf-8")
        return train(*options, script=script)

    return run


def failed(answer):
    return {check["name"] for check in answer["checks"] if check["outcome"] == "fail"}


def test_it_trains_reloads_and_repeats_itself_bit_for_bit(train):
    code, answer = train("--gpus", "0")
    assert (code, answer["outcome"], failed(answer)) == (0, "pass", set()), answer["evidence"]
    assert answer["device"] == "cpu"
    assert answer["framework_version"].startswith(TORCH)
    assert answer["metrics"]["loss_ratio"] < 0.2
    assert min(answer["metrics"][name] for name in ("accuracy", "macro_recall", "macro_f1")) >= 0.93
    assert sum(map(sum, answer["confusion_matrix"])) == answer["metrics"]["test_samples"] == 360
    assert len(answer["curves"]["loss"]) == len(answer["curves"]["validation_loss"]) == 16
    assert answer["reload"]["sha256"] == answer["reload"]["reloaded_sha256"]
    # The same seed gives the same bits; and limits that nothing reaches fail.
    code, again = train("--device", "cpu", "--min-accuracy", "0.9999", "--max-loss-ratio", "0.001")
    assert again["reload"] == answer["reload"]
    assert again["curves"] == answer["curves"]
    assert (code, failed(again)) == (1, {"accuracy", "loss falls"})


def test_without_training_it_fails(train):
    code, answer = train("--epochs", "0")
    assert code == 1
    assert failed(answer) == {"loss falls", "accuracy", "macro recall", "macro F1"}
    assert answer["metrics"]["loss_ratio"] == 1.0


def test_a_gpu_host_without_cuda_fails_and_never_falls_back(train):
    for option in (["--require-gpu"], ["--gpus", "1"]):
        code, answer = train(*option)
        assert (code, answer["outcome"], failed(answer)) == (1, "fail", {"the device"})
        assert answer["device"] is None
        assert answer["cuda"]["is_available"] is False
        assert answer["cuda"]["error"] in answer["evidence"]


@pytest.mark.full  # of the suite in every run: test_training_mutations.py
def test_shuffled_labels_fail(sabotaged):
    code, answer = sabotaged(
        """
        import numpy
        from dataclasses import replace
        from deeprig_host.training import data

        load_split = data.load_split
        def load_shuffled(seed):
            split = load_split(seed)
            labels = numpy.random.default_rng(seed).permutation(split.train.labels)
            return replace(split, train=replace(split.train, labels=labels))
        data.load_split = load_shuffled
        """
    )
    assert code == 1
    assert failed(answer) == {"loss falls", "accuracy", "macro recall", "macro F1"}


@pytest.mark.parametrize(
    "lines",
    [
        "import torch\ntorch.optim.AdamW.step = lambda self, closure=None: None\n",
        pytest.param(
            """
        import functools, torch
        torch.optim.AdamW = functools.partial(torch.optim.AdamW, maximize=True)
        """,
            marks=pytest.mark.full,
        ),
    ],
    ids=["the optimizer does nothing", "the optimizer climbs"],
)
def test_a_broken_optimizer_fails(sabotaged, lines):
    code, answer = sabotaged(lines)
    assert (code, answer["outcome"]) == (1, "fail")
    assert failed(answer) >= {"loss falls", "accuracy"} or failed(answer) == {"training"}


def test_a_wrong_save_fails_although_it_predicts_well(sabotaged):
    code, answer = sabotaged(
        """
        import torch

        save = torch.save
        def save_another(state, path):
            last = list(state)[-1]
            save({**state, last: state[last] + 1e-6}, path)
        torch.save = save_another
        """
    )
    assert (code, failed(answer)) == (1, {RELOAD})
    assert 0 < answer["reload"]["max_difference"] < 1e-4
    assert answer["metrics"]["accuracy"] >= 0.93


@pytest.mark.full
def test_a_model_file_cut_short_fails_with_its_reason(sabotaged):
    code, answer = sabotaged(
        """
        import os, torch

        save = torch.save
        def save_part(state, path):
            save(state, path)
            os.truncate(path, 1000)
        torch.save = save_part
        """
    )
    assert (code, failed(answer)) == (1, {"training"})
    assert "prediction in a new process failed: " in answer["evidence"]
    assert "RuntimeError" in answer["evidence"]


def test_an_environment_without_the_data_set_fails(sabotaged):
    code, answer = sabotaged("import sys\nsys.modules['sklearn'] = None\n")
    assert (code, answer["outcome"], failed(answer)) == (2, "fail", {"the environment"})


def test_an_environment_without_the_framework_fails(train, tmp_path):
    check_call(sys.executable, "-m", "venv", "--without-pip", tmp_path / "bare")
    code, answer = train(python=tmp_path / "bare/bin/python")
    assert (code, answer["outcome"], failed(answer)) == (2, "fail", {"the framework"})
    assert "ModuleNotFoundError" in answer["evidence"]


def test_our_metrics_are_scikit_learns(torch_python):
    code = """
    import warnings
    import numpy
    from sklearn import metrics as theirs
    from deeprig_host.training import metrics as ours

    warnings.simplefilter("ignore")  # scikit-learn warns of classes that nobody predicted
    for seed in range(50):
        random = numpy.random.default_rng(seed)
        classes = list(range(random.integers(2, 11)))
        truth = random.choice(classes, 30).tolist()
        guess = [t if random.random() < 0.7 else int(random.choice(classes)) for t in truth]
        matrix = ours.confusion_matrix(truth, guess, len(classes))
        wanted = dict(labels=classes, average="macro", zero_division=0)
        assert (theirs.confusion_matrix(truth, guess, labels=classes) == matrix).all()
        assert numpy.isclose(ours.accuracy(matrix), theirs.accuracy_score(truth, guess))
        assert numpy.isclose(ours.macro_recall(matrix), theirs.recall_score(truth, guess, **wanted))
        assert numpy.isclose(ours.macro_f1(matrix), theirs.f1_score(truth, guess, **wanted))
    print("compared")
    """
    done = subprocess.run(
        [torch_python, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(HOST)},
        check=False,
    )
    assert done.stdout == "compared\n", done.stderr
