"""The programs reach the host by standard input, run there, and leave nothing."""

import subprocess
import sys
from pathlib import Path

import pytest
import testinfra

from deeprig.verify.training import over_ssh
from deeprig.verify.training.burn import BurnRequest, burn_in
from deeprig.verify.training.over_ssh import run_script
from deeprig.verify.training.proof import prove_training
from deeprig.verify.training.request import TESTS, Request, archive

ROOT = Path(__file__).parents[4]
HOST = ROOT / "host"


@pytest.fixture
def host():
    return testinfra.get_host("local://")


@pytest.fixture
def programs(tmp_path):
    """Training programs that say what they are told to."""

    def write(body):
        package = tmp_path / "host/deeprig_host/training"
        package.mkdir(parents=True)
        (package.parent / "__init__.py").touch()
        (package / "__init__.py").touch()
        (package / "__main__.py").write_text(body)
        return tmp_path / "host"

    return write


@pytest.fixture
def environment(tmp_path):
    """What stands for an environment: its bin/python is this one, for everybody."""
    python = tmp_path / "env/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    return str(tmp_path / "env")


def prove(host, programs, request, monkeypatch):
    # The temporary directory of a test is shut to others: here the suite runs as who we are.
    script = Request.script.fget
    monkeypatch.setattr(
        Request, "script", property(lambda self: script(self).replace("runuser -u nobody -- ", ""))
    )
    cases, progress = [], []
    return prove_training(host, programs, request, cases.append, progress.append), cases, progress


def test_a_suite_that_passes(host, programs, environment, monkeypatch):
    written = programs("""
import json, pathlib, sys
def say(**told): print(json.dumps(told), flush=True)
work = pathlib.Path(sys.argv[sys.argv.index("--workdir") + 1])
say(event="started", cases=["cnn"])
say(event="case_started", name="cnn")
say(event="case_finished", result={"name": "cnn", "group": "life", "outcome": "pass", "seconds": 1})
say(event="document", document={"schema": "deeprig.training/2", "outcome": "pass",
    "evidence": " ".join(sys.argv[1:-2]), "work": str(work), "empty": list(work.iterdir()) == []})
""")
    proof, cases, progress = prove(
        host, written, Request("keras-torch", environment, 2, "acceptance"), monkeypatch
    )
    assert proof.is_good, proof
    assert proof.evidence == "suite keras --backend torch --profile acceptance --gpus 2"
    assert [case.name for case in cases] == progress == ["cnn"]
    assert proof.data["empty"]
    assert not Path(proof.data["work"]).parent.exists()


def test_a_suite_that_dies(host, programs, environment, monkeypatch):
    written = programs("import sys; sys.exit('Illegal instruction')")
    proof, cases, _ = prove(host, written, Request("pytorch", environment, 0), monkeypatch)
    assert proof.is_good is None
    assert proof.evidence == "the training suite gave no answer (exit 1): Illegal instruction"
    assert cases == []


def test_an_environment_that_is_not_there(host, programs, monkeypatch):
    proof, _, _ = prove(host, programs(""), Request("pytorch", "/no/such", 0), monkeypatch)
    assert proof.is_good is None
    assert "/no/such/bin/python" in proof.evidence


def test_programs_that_nobody_takes_are_no_hang(host):
    ended = run_script(host, "echo no; exit 3", b"x" * 10_000_000, lambda line: None, 60)
    assert ended.code == 3


def test_a_host_that_never_ends_is_given_up(host):
    seen = []
    ended = run_script(host, "echo begun; exec sleep 3600", b"", seen.append, 0.5)
    assert seen == ["begun"]
    assert ended.errors == "no end after 0.5 s"
    assert ended.code != 0


@pytest.mark.parametrize("script", ["exec yes", "exec tr '\\0' x < /dev/zero"])
def test_a_host_that_does_not_stop_talking_is_given_up(host, script, monkeypatch):
    monkeypatch.setattr(over_ssh, "MOST_BYTES", 100_000)
    monkeypatch.setattr(over_ssh, "_LONGEST_LINE_BYTES", 10_000)
    ended = run_script(host, script, b"", lambda line: None, 60)
    assert ended.errors.startswith("it says more than anybody reads")
    assert ended.code != 0


def test_all_of_the_suite_is_sent(tmp_path):
    subprocess.run(["tar", "-xz", "-C", tmp_path], input=archive(HOST), check=True)
    there = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.py")}
    assert "deeprig_host/training/pytorch/cnn.py" in there
    done = subprocess.run(
        [sys.executable, "-m", "deeprig_host.training", "--help"],
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr


def test_every_test_of_an_inventory_is_one_of_the_suite():
    sys.path.insert(0, str(HOST))
    from deeprig_host.training.framework import BACKENDS, SUITE_FRAMEWORKS

    from roles.conda.settings import TrainingTest

    for framework, backend in TESTS.values():
        assert framework in SUITE_FRAMEWORKS
        assert backend is None or backend in BACKENDS
    assert set(TESTS) == set(TrainingTest.__args__)


@pytest.mark.skipif(
    Path("/opt/deeprig/environment").exists(), reason="this machine is a provisioned host"
)
def test_a_host_without_our_programs_burns_nothing_and_says_why(host):
    burned = burn_in(
        host, BurnRequest("/opt/conda/envs/torch", 0, 1.0, "acceptance"), lambda text: None
    )
    assert burned.is_good is None
    assert "have a role that places them (cooling, monitoring, backup)" in burned.reason
