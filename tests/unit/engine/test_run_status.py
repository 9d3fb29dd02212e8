"""How a run ended, left on the host: which runs are told of, and what is said."""

import json
import subprocess
from contextlib import nullcontext
from types import SimpleNamespace

import pytest

from deeprig.engine import run_status
from deeprig.report.model import HostRun, OperationResult
from deeprig.selection import Selection

WATCHED = OperationResult("monitoring", "Start a unit", "changed")
OTHER = OperationResult("base", "Install packages", "unchanged")


class Job:
    """A host's run as far as this asks it; its host is this machine, below a directory."""

    def __init__(self, root, run, selection=None):
        self.run = run
        self.state = SimpleNamespace(selection=selection or Selection())
        self.declared = SimpleNamespace(needs_sudo=False)
        self.host = SimpleNamespace(run_shell_command=self._run)
        self.root = root
        self.recorded = []

    def contained(self):
        return nullcontext()

    def masker(self, text):
        return text

    def record(self, result):
        self.recorded.append(result)
        self.fail(f"{result.role}: {result.name} failed")

    def fail(self, reason):
        self.run = HostRun("rig1", "failed", reason=reason)

    def _run(self, command, *, _sudo):
        text = str(command).replace("/var/lib/deeprig", str(self.root))
        done = subprocess.run(["sh", "-c", text], capture_output=True, text=True, check=False)
        return done.returncode == 0, SimpleNamespace(stdout=done.stdout, stderr=done.stderr)


def run(status="ok", *operations, reason=None):
    return HostRun("rig1", status, reason=reason, operations=operations or (OTHER, WATCHED))


@pytest.mark.parametrize(
    ("ended", "selection", "is_told"),
    [
        (run(), Selection(), True),
        (run("failed"), Selection(limit=("rig1",)), True),
        (run("interrupted"), Selection(), False),
        (run("unreachable"), Selection(), False),
        (run("refused"), Selection(), False),
        (run("ok", OTHER), Selection(), False),
        (run(), Selection(roles=("monitoring",)), False),
        (run(), Selection(skipped_roles=("cuda",)), False),
    ],
)
def test_told_is_a_run_of_the_whole_host_that_came_to_its_end(tmp_path, ended, selection, is_told):
    assert run_status.is_told(Job(tmp_path, ended, selection)) is is_told


def test_the_host_keeps_a_good_run(tmp_path):
    job = Job(tmp_path, run())
    run_status.leave_status(job)
    told = json.loads((tmp_path / "status" / "apply.json").read_text())
    assert told.pop("time") > 1_700_000_000
    assert told == {
        "schema": "deeprig.status/1",
        "what": "apply",
        "ok": True,
        "failed": 0,
        "text": "1 changed",
    }
    assert (job.recorded, job.run.status) == ([], "ok")


def test_the_host_keeps_why_a_run_failed(tmp_path):
    failed = OperationResult("base", 'it\'s "quoted" $(false)', "failed")
    reason = 'base: it\'s "quoted" $(false) failed ' + "x" * 999
    run_status.leave_status(Job(tmp_path, run("failed", failed, WATCHED, reason=reason)))
    told = json.loads((tmp_path / "status" / "apply.json").read_text())
    assert (told["ok"], told["failed"], told["text"]) == (False, 1, reason[:300])


def test_a_run_that_failed_between_operations_counts_as_one_failure():
    assert json.loads(run_status.status_text(run("failed", reason="why"), 7))["failed"] == 1


@pytest.mark.parametrize(
    ("ended", "reason"),
    [
        (run(), "monitoring: Leave the result on the host failed"),
        (run("failed", reason="base: Install packages failed"), "base: Install packages failed"),
    ],
)
def test_what_cannot_be_written_fails_the_run_and_hides_no_earlier_reason(tmp_path, ended, reason):
    (tmp_path / "status").write_text("a file, no directory")
    job = Job(tmp_path, ended)
    run_status.leave_status(job)
    (result,) = job.recorded
    assert (result.status, result.role) == ("failed", "monitoring")
    assert "File exists" in result.output
    assert (job.run.status, job.run.reason) == ("failed", reason)
    assert [path.name for path in tmp_path.iterdir()] == ["status"]
