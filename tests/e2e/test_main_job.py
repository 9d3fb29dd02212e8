"""The main job: a fresh machine, planned, applied, unchanged by a second apply, training."""

import json

import pytest

from tests.e2e.running import ROOT

PLAN_KEYS = {
    "schema",
    "command",
    "started",
    "finished",
    "seconds",
    "version",
    "inventory",
    "hosts",
    "exit_code",
}

ROLES_OF_GPUS = ("nvidia_driver", "cuda", "cooling")

TORCH = {
    "name": "torch",
    "python": "3.11",
    "pip": {"packages": ["torch==2.13.0", "numpy", "scikit-learn"]},
    "training_test": "pytorch",
}


@pytest.fixture
def workstation(lab):
    """A lab with the product's own deploy script."""
    lab.write("deploy/workstation.py", (ROOT / "deploy/workstation.py").read_text())
    return lab


def declare(lab, **host):
    """Declare a workstation with PyTorch."""
    base = lab.base_settings() | {
        "timezone": "Europe/Berlin",
        "locale": "en_US.UTF-8",
        "packages": ["git"],
        "users": [{"name": "ada", "sudo": "nopasswd"}],
    }
    lab.data(base=base, conda=lab.conda_settings(TORCH), **host)


@pytest.mark.parametrize("rig", ["rig1", "rig2"])  # Debian 12 and Debian 13
def test_a_fresh_machine_becomes_a_workstation_that_trains(workstation, rig):
    declare(workstation)
    workstation.hosts(**{rig: {}})
    planned = workstation.json("plan", "--detailed-exitcode", code=4)
    assert set(planned) == PLAN_KEYS
    assert workstation.ssh(rig, "test -e /opt/conda").returncode == 1

    applied = workstation.json("apply")
    assert applied["hosts"][0]["status"] == "ok"
    again = workstation.json("apply")
    statuses = {operation["status"] for operation in again["hosts"][0]["operations"]}
    assert statuses == {"unchanged"}, [
        o["name"] for o in again["hosts"][0]["operations"] if o["status"] != "unchanged"
    ]
    assert workstation.json("plan", "--detailed-exitcode", code=0)

    verified = workstation.json("verify", "--junit", str(workstation.path / "junit.xml"))
    checks = {check["name"]: check for check in verified["hosts"][0]["checks"]}
    # Roles for machines with GPUs have nothing to check on one without, and say so.
    left_out = [c for c in checks.values() if c["outcome"] == "not applicable"]
    skipped = {c["role"] for c in left_out if c["environment"] is None}
    undeclared = {"network", "maintenance", "monitoring", "backup", "backup_server"}
    undeclared |= {"cache", "cache_server"}
    assert skipped <= {*ROLES_OF_GPUS, *undeclared}
    # Cases of the suite that this environment cannot run say what is missing.
    cases_left_out = {c["name"]: c["evidence"] for c in left_out if c["environment"]}
    compared = "it is as fast as before (pytorch)"
    left = {"pytorch: tensorboard", "pytorch: device use", compared}
    assert set(cases_left_out) == left, cases_left_out
    assert "needs a GPU" in cases_left_out["pytorch: device use"]
    assert "no TensorBoard" in cases_left_out["pytorch: tensorboard"]
    # The tests' stand-in of conda promises no speed to anybody.
    assert "the run was simulated" in cases_left_out[compared]
    assert {c["outcome"] for c in checks.values()} - {"not applicable"} == {"pass"}
    trained = checks["it trains (pytorch)"]["data"]
    assert trained["device"] == "cpu"
    cases = {case["name"]: case for case in trained["cases"]}
    assert cases["cnn"]["outcome"] == cases["reload"]["outcome"] == "pass"
    measured = {one["name"]: one["value"] for one in cases["cnn"]["measurements"]}
    assert measured["accuracy"] >= 0.93
    assert checks["pytorch: recurrent"]["outcome"] == "pass"
    assert checks["the environment is as declared"]["simulated"] is True
    assert 'failures="0"' in (workstation.path / "junit.xml").read_text()

    shown = workstation.run("report").stdout
    assert "macro f1" in shown
    page = workstation.run("report", "--format", "html").stdout
    assert "it trains (pytorch)" in page
    assert "simulated" in page
    # Everything passed, and conda is the tests' stand-in: that certifies no machine.
    certified = workstation.run("report", "--certificate", str(workstation.path / "rig.html"))
    assert certified.stdout == f"{rig}: simulated\n"
    (told,) = json.loads((workstation.path / "rig.json").read_text())["hosts"]
    answers = {claim["key"]: claim["answer"] for claim in told["claims"]}
    assert (answers["setup"], answers["training"], answers["gpu"]) == (
        "proven",
        "proven",
        "does not apply",
    )


def test_a_host_that_declares_a_gpu_and_has_no_cuda_fails(workstation):
    """Runs after the test above on the same host: its environment is there."""
    declare(workstation, gpu_count=1)
    workstation.hosts(rig1={})
    workstation.run("apply")
    verified = workstation.json("verify", "--role", "conda", code=1)
    bad = [c for c in verified["hosts"][0]["checks"] if c["outcome"] in ("fail", "unknown")]
    assert [c["name"] for c in bad] == ["pytorch: device", "it trains (pytorch)"]
    assert all("CPU build" in check["evidence"] for check in bad)


def test_a_broken_environment_is_unknown_or_failed_and_never_passed(workstation):
    declare(workstation)
    workstation.hosts(rig1={})
    workstation.run("apply")
    workstation.ssh("rig1", "/opt/conda/envs/torch/bin/python -m pip uninstall -y scikit-learn")
    verified = workstation.json("verify", "--role", "conda", code=1)
    outcomes = {c["name"]: c["outcome"] for c in verified["hosts"][0]["checks"]}
    assert outcomes["it trains (pytorch)"] == "fail"
    assert outcomes["the environment is as declared"] == "fail"
    workstation.run("apply")
    assert workstation.json("verify", "--role", "conda")["hosts"][0]["status"] == "passed"
    stored = sorted((workstation.path / "reports").glob("*-verify.json"))
    assert json.loads(stored[-1].read_text())["exit_code"] == 0
