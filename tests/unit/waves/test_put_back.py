"""What putting back is said to have done is what its reports prove, and no more."""

from __future__ import annotations

import json
import sys
from dataclasses import replace

import pytest

from deeprig.engine.embedding import patch_standard_library
from deeprig.report.model import (
    CheckResult,
    HostRun,
    HostVerification,
    OperationResult,
    RunReport,
    VerifyReport,
)
from deeprig.waves.model import Supply
from deeprig.waves.put_back import left_changed, results_of, run_session, session_words
from deeprig.waves.works import Interrupted
from tests.unit.waves.plan import rollout

_TIMES = {"started": "", "finished": "", "seconds": 0.0, "version": "0", "inventory": "i"}
TARGET = replace(rollout(1), id="earlier")


def run(host, *operations, status="ok", reason=None):
    done = tuple(OperationResult("base", name, word) for name, word in operations)
    return HostRun(host, status, reason, operations=done)


def document(*runs, gate=()):
    report = RunReport("apply", hosts=runs, **_TIMES).to_json()
    verdicts = [
        HostVerification.of_checks(host, (CheckResult(host, "base", "it is well", word),))
        for host, word in gate
    ]
    proof = VerifyReport(hosts=tuple(verdicts), **_TIMES).to_json() if gate else None
    return {"run": report, "gate": proof, "was_interrupted": False}


def one(found, changed=None):
    (result,) = results_of(found, ("h1",), TARGET, changed or {})
    return result


def test_put_back_and_proven_by_the_gate():
    changed = {"h1": run("h1", ("Write", "changed"), ("Look", "unchanged"))}
    found = one(document(run("h1", ("Write", "changed")), gate=[("h1", "pass")]), changed)
    assert (found.outcome, found.told) == ("put back", "put back to earlier, proven")


def test_without_a_gate_it_is_said_to_be_unproven():
    found = one(document(run("h1")), {"h1": run("h1")})
    assert found.told == "put back to earlier, not proven (no gate)"


def test_what_the_wave_changed_and_nothing_changed_back_is_told():
    wave = run("h1", ("Write", "changed"), ("Install", "changed"), ("Start", "failed"))
    back = run("h1", ("Write", "changed"), ("Install", "unchanged"))
    assert left_changed(wave, back) == "; not changed back: base: Install, base: Start"
    assert left_changed(None, back) == "; what the wave had changed is not known"


@pytest.mark.parametrize(
    ("found", "word"),
    [
        (document(run("h1", status="failed", reason="disk full")), "failed: disk full"),
        (document(run("h1", status="unreachable", reason="gone")), "failed: gone"),
        (document(run("h1"), gate=[("h1", "fail")]), "and not good: base: it is well: fail"),
        (document(run("h1"), gate=[("h1", "unknown")]), "it is well: unknown"),
        (document(run("h2")), "did not know this host"),
        ({"run": None, "gate": None, "was_interrupted": False}, "did not know this host"),
    ],
)
def test_what_is_not_proven_is_not_put_back(found, word):
    result = one(found)
    assert result.outcome == "failed"
    assert word in result.told


@pytest.fixture(scope="module")
def _patched():
    patch_standard_library()


def script(text):
    return [sys.executable, "-c", text]


@pytest.mark.usefixtures("_patched")
def test_a_session_that_breaks_is_told_with_its_last_words():
    with pytest.raises(RuntimeError, match="no room"):
        run_session(script("import sys; sys.exit('no room')"), None, is_quiet=True)


@pytest.mark.usefixtures("_patched")
def test_the_password_goes_through_a_pipe_and_an_interruption_is_one():
    told = {"run": None, "gate": None, "was_interrupted": True}
    text = (
        "import json, sys; given = json.loads(sys.stdin.readline())['sudo_password']; "
        f"assert given == 'w0rd' and 'w0rd' not in ' '.join(sys.argv); print({json.dumps(told)!r})"
    )
    with pytest.raises(Interrupted):
        run_session(script(text), "w0rd", is_quiet=True)


def test_the_session_does_what_the_rollout_was_asked_for(tmp_path):
    asked = replace(rollout(1).asked, roles=("base",), skipped=("conda",), reboot="never")
    words = session_words(tmp_path / "lab.py", replace(rollout(1), asked=asked), ("h1", "h2"), 7)
    for word in ("--host=h1", "--host=h2", "--role=base", "--skip-role=conda", "--gate=smoke"):
        assert word in words
    assert "--parallel=7" in words
    assert "--reboot=never" in words
    assert not any(word.startswith("--bundle") for word in words)
    supplied = replace(asked, bundle=Supply("/media/lab.tar", "0" * 64))
    words = session_words(tmp_path / "lab.py", replace(rollout(1), asked=supplied), ("h1",), 7)
    assert "--bundle=/media/lab.tar" in words
