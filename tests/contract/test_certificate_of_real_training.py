"""A certificate of a training that really ran: PyTorch on the CPU of this machine, nothing made up
but the host around it (a checked set-up without GPUs)."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from deeprig.certificate.build import certificate_of
from deeprig.certificate.page import to_page
from deeprig.report.model import CheckResult, HostVerification, VerifyReport
from tests.contract.torch_environment import make_torch_environment

HOST = Path(__file__).parents[2] / "host"
#: What a certificate cannot do without, and one case with curves besides.
CASES = ("preprocess", "cnn", "recurrent", "reload")


@pytest.fixture(scope="module")
def python():
    return make_torch_environment()


def trained(python, workdir, *options):
    """Return the document of a run of the suite as it comes from a host."""
    cases = [word for case in CASES for word in ("--case", case)]
    arguments = ["--workdir", str(workdir), "--profile", "smoke", *options, *cases]
    clean = {"PATH": os.environ["PATH"], "PYTHONPATH": str(HOST), "HOME": str(workdir)}
    done = subprocess.run(
        [str(python), "-m", "deeprig_host.training", "suite", "pytorch", *arguments],
        env=clean | {"PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    last = json.loads(done.stdout.splitlines()[-1])
    assert last["event"] == "document", done.stdout + done.stderr
    return last["document"]


def certified(document):
    """Return the certificate of a machine without GPUs whose training this was."""
    outcome = "pass" if document["outcome"] == "pass" else "fail"
    checks = (
        CheckResult("rig1", "base", "time zone", "pass", "it is UTC"),
        CheckResult("rig1", "conda", "it trains (pytorch)", outcome, document["evidence"],
                    environment="torch", data=document),
    )  # fmt: skip
    host = HostVerification.of_checks("rig1", checks, facts={"nvidia_devices": []})
    times = ("2026-11-21T20:00:00Z", "2026-11-21T20:01:00Z", 60.0)
    return certificate_of(VerifyReport(*times, "0.1.0", "inventory/lab.py", (host,)), {})


@pytest.fixture(scope="module")
def real(python, tmp_path_factory):
    return trained(python, tmp_path_factory.mktemp("work"), "--device", "cpu")


def test_a_real_training_is_proof_of_the_machine_that_ran_it(real):
    certificate = certified(real)
    assert certificate.verdict == "proven", certificate.hosts[0].summary
    (run,) = certificate.hosts[0].trainings
    assert run.problems == ()
    assert {case.name: case.outcome for case in run.cases if case.group == "life"} == dict.fromkeys(
        CASES, "pass"
    )
    assert "pytorch trained on cpu" in certificate.hosts[0].summary


def test_its_page_has_the_curves_and_numbers_of_the_run(real):
    page = to_page(certified(real))
    cnn = next(case for case in real["cases"] if case["name"] == "cnn")
    assert f"training: from {cnn['curves']['loss'][0]:.4g} to" in page
    accuracy = next(one["value"] for one in cnn["measurements"] if one["name"] == "accuracy")
    assert f"{accuracy:.4g}" in page
    assert page.count("<svg") >= 4
    assert "Confusion matrix of cnn" in page


@pytest.mark.parametrize("name", ["cnn", "reload"])
def test_without_an_essential_case_the_same_run_is_no_proof(real, name):
    cases = [case for case in real["cases"] if case["name"] != name]
    assert certified({**real, "cases": cases}).verdict == "not proven"


def test_a_demand_for_a_gpu_that_is_not_there_is_a_failed_machine(python, tmp_path):
    certificate = certified(trained(python, tmp_path, "--gpus", "1"))
    assert certificate.verdict == "failed"
    assert "device" in certificate.hosts[0].summary
