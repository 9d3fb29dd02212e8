"""Judging the answer of a training run: what is no answer is unknown, with what was said."""

import json
from types import SimpleNamespace

import pytest

from deeprig.verify.training import prove_training

GOOD = {"schema": "deeprig.training/1", "outcome": "pass", "evidence": "trained on cpu"}


def proof(tmp_path, *, stdout, stderr="", rc=0):
    programs = tmp_path / "host"
    (programs / "deeprig_host" / "training").mkdir(parents=True)
    (programs / "deeprig_host" / "__init__.py").touch()
    host = SimpleNamespace(run=lambda _: SimpleNamespace(rc=rc, stdout=stdout, stderr=stderr))
    return prove_training(host, programs, "pytorch", "/opt/conda/envs/torch", 0)


def test_a_passing_answer_passes_and_keeps_its_data(tmp_path):
    found = proof(tmp_path, stdout=json.dumps(GOOD))
    assert (found.is_good, found.evidence, found.data) == (True, "trained on cpu", GOOD)


@pytest.mark.parametrize(("change", "rc"), [({"outcome": "fail"}, 1), ({}, 1), ({"outcome": 1}, 0)])
def test_anything_but_pass_with_exit_0_fails(tmp_path, change, rc):
    assert proof(tmp_path, stdout=json.dumps(GOOD | change), rc=rc).is_good is False


@pytest.mark.parametrize(
    "said",
    ["", "Killed", "[]", "[1, 2]", "null", '"pass"', "3", "{}", '{"outcome": "pass"}', "[" * 9999],
)
def test_what_is_no_answer_is_unknown_with_what_was_said(tmp_path, said):
    found = proof(tmp_path, stdout=said, rc=137)
    assert found.is_good is None
    assert "gave no answer (exit 137)" in found.evidence
    assert said[-600:] in found.evidence
    assert found.data == {}


def test_the_end_of_standard_error_is_the_evidence(tmp_path):
    found = proof(tmp_path, stdout="[]", stderr="x" * 900 + "MemoryError", rc=1)
    assert found.evidence.endswith("MemoryError")
    assert len(found.evidence) < 700
