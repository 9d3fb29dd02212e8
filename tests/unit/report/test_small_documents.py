"""docs/json.md describes the small documents as the commands really print them."""

import json
import math
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from deeprig.cli import cli
from deeprig.lab.state import LabHost, LabState
from tests.unit.report import json_doc
from tests.unit.report.described import Key
from tests.unit.report.small_documents import DESCRIPTIONS, mistakes

# The programs of host/ are a distribution of their own.
sys.path.insert(0, str(Path(__file__).parents[3] / "host"))

from deeprig_host.training.device import Cuda
from deeprig_host.training.document import Findings, document
from deeprig_host.training.evaluation import Check
from deeprig_host.training.reload import Reload


def said(*arguments, code=0):
    done = CliRunner().invoke(cli, [*arguments, "--json"])
    assert done.exit_code == code, done.output
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", json_doc.SMALL)
def test_the_recorded_documents_are_as_described(name):
    assert mistakes(json_doc.recorded(name), name) == []


def test_the_recorded_training_is_as_described():
    checks = json_doc.recorded("verify")["hosts"][0]["checks"]
    trainings = [c["data"] for c in checks if c["data"].get("schema") == "deeprig.training/1"]
    assert len(trainings) == 1
    assert mistakes(trainings[0], "training") == []
    told = next(key.told for key in DESCRIPTIONS["training"].keys if key.name == "metrics")
    assert all(f"`{name}`" in told for name in trainings[0]["metrics"])


@pytest.mark.parametrize(
    "findings",
    [
        Findings(None, ()),
        Findings(
            "pytorch",
            (Check("accuracy", False, ">= 0.93", "nan"),),
            "2.13.0",
            "cuda:0",
            20,
            Cuda("13.0", True, 1, ("a GPU",)),
            {"accuracy": math.nan},
            {"loss": (2.3, math.inf)},
            ((1, 0), (0, 1)),
            Reload("ab", "cd", math.nan),
        ),
    ],
)
def test_any_training_is_as_described(findings):
    assert mistakes(json.loads(json.dumps(document(findings))), "training") == []


def test_init_prints_what_is_described(tmp_path):
    assert mistakes(said("init", str(tmp_path / "lab")), "init") == []


def test_lock_prints_what_is_described(lab, monkeypatch):
    """The solving itself, which needs a host, is simulated."""
    written = (Path("locks/torch-cpu.conda.lock"), Path("locks/torch-cpu.pip.lock"))
    monkeypatch.setattr("deeprig.locks.lock_environment", lambda *_: (written, "cpu"))
    monkeypatch.setattr("deeprig.engine.embedding.patch_standard_library", lambda: None)
    assert mistakes(said("lock", "torch", "-i", str(lab.inventory)), "lock") == []


def test_lab_status_and_down_print_what_is_described(tmp_path, monkeypatch):
    """The lab is one on disk; nothing of it runs, and nothing is taken down."""
    monkeypatch.chdir(tmp_path)
    host = LabHost("rig1", "debian12", "10.213.0.11", 40001, str(tmp_path))
    state = LabState(tmp_path / ".lab" / "default", (host,), (("dist", "/srv/dist"),), (), 40000)
    state.directory.mkdir(parents=True)
    state.save()
    assert mistakes(said("lab", "status"), "lab.status") == []
    monkeypatch.setattr("deeprig.lab.requirements.check_requirements", lambda: None)
    monkeypatch.setattr("deeprig.lab.api.down", lambda *_: None)
    assert mistakes(said("lab", "down"), "lab.down") == []


@pytest.mark.parametrize(
    ("change", "mistake"),
    [
        ({"schema": "deeprig.lab.status/2"}, ": schema is 'deeprig.lab.status/2'"),
        ({"more": 1}, "more: not described"),
        ({"gateway_running": 1}, "gateway_running: 1 is no `true` or `false`"),
        ({"hosts": [{}]}, "hosts.host: not there"),
        ({"hosts": [3]}, "hosts.: is no object"),
        ({"directory": None}, "directory: None is no text"),
    ],
)
def test_a_document_that_differs_from_its_description_is_found(change, mistake):
    assert mistake in mistakes(json_doc.recorded("lab.status") | change, "lab.status")


def test_a_flag_is_no_number():
    document = json_doc.recorded("lab.status")
    document["hosts"][0]["ssh_port"] = True
    assert mistakes(document, "lab.status") == ["hosts.ssh_port: True is no whole number"]


def test_every_kind_of_key_is_one_that_can_be_compared():
    for description in DESCRIPTIONS.values():
        for key in description.keys:
            assert isinstance(key, Key)
            assert key.inner is None or key.inner in DESCRIPTIONS
