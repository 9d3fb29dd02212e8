"""The report of a whole rollout says of each host what became of it, and of no other."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone

import pytest

from deeprig.cli.rolling import exit_code_of
from deeprig.errors import ExitCode
from deeprig.report import html, junit
from deeprig.report.model import HostRun, OperationResult, RunReport
from deeprig.waves.model import WaveRecord
from deeprig.waves.store import RolloutStore
from deeprig.waves.whole_report import whole_report
from tests.unit.waves.plan import rollout

_TIMES = {"started": "", "finished": "", "seconds": 0.0, "version": "0", "inventory": "i"}
END = datetime(2026, 1, 1, 0, 10, tzinfo=timezone.utc)


@pytest.fixture
def store(tmp_path):
    (tmp_path / "inventory").mkdir()
    return RolloutStore(tmp_path)


def whole(store, status="done", down=False, **records):
    """Return the report of a rollout whose last host has had no turn."""
    plan = store.create(rollout(len(records) + 1))
    changed = (OperationResult("base", "Write", "changed"),)
    runs = tuple(
        HostRun(host, "unreachable", "no connection")
        if down
        else HostRun(host, "ok", operations=changed)
        for host in records
    )
    file = store.keep_report(
        plan, "wave-001-change", RunReport("apply", hosts=runs, **_TIMES).to_json()
    )
    wave = WaveRecord(1, tuple(records), "passed", reports=(file,))
    plan = replace(plan, waves=(wave,), status=status, reason="why it ended")
    for host, changes in records.items():
        plan = plan.with_hosts((host,), wave=1, **changes)
    return plan, whole_report(store, plan, END)


def test_a_host_without_a_turn_is_not_in_it_and_the_times_are_the_rollouts(store):
    _, report = whole(store, h1={"state": "good"})
    assert [host.host for host in report.hosts] == ["h1"]
    assert (report.started, report.seconds) == ("2026-01-01T00:00:00Z", 600.0)
    assert report.hosts[0].change_count == 1


@pytest.mark.parametrize(
    ("changes", "status", "reason"),
    [
        ({"state": "good"}, "ok", None),
        ({"state": "applied"}, "ok", None),
        (
            {"state": "failed", "reason": "health gate: it is ill"},
            "failed",
            "health gate: it is ill",
        ),
        ({"state": "put back", "reason": "its wave"}, "failed", "its wave"),
        ({"state": "unreachable", "reason": "no connection"}, "unreachable", "no connection"),
        ({"state": "working"}, "interrupted", "why it ended"),
    ],
)
def test_a_host_is_what_the_rollout_says_and_not_what_its_change_alone_says(
    store, changes, status, reason
):
    _, report = whole(store, h1=changes)
    assert (report.hosts[0].status, report.hosts[0].reason) == (status, reason)


def test_one_that_was_down_and_waits_again_is_still_told_as_down(store):
    _, report = whole(store, down=True, h1={"state": "waiting"})
    assert (report.hosts[0].status, report.hosts[0].reason) == ("unreachable", "no connection")


def test_what_became_of_putting_it_back_is_an_operation_of_its_own(store):
    _, report = whole(
        store,
        h1={"state": "put back", "put_back": "put back to a, proven"},
        h2={"state": "failed", "put_back": "it does not go"},
    )
    back, left = (host.operations[-1] for host in report.hosts)
    assert (back.name, back.status, back.notes) == (
        "Put the host back",
        "changed",
        ("put back to a, proven",),
    )
    assert (left.status, left.output) == ("failed", "it does not go")
    assert "it does not go" in junit.to_xml(report)
    assert "put back to a, proven" in html.to_page(report)


@pytest.mark.parametrize(
    ("status", "changes", "code"),
    [
        ("done", {"state": "good"}, ExitCode.GOOD),
        ("done", {"state": "failed"}, ExitCode.FAILED),
        ("stopped", {"state": "good"}, ExitCode.FAILED),
        ("incomplete", {"state": "unreachable"}, ExitCode.UNREACHABLE),
        ("outside window", {"state": "good"}, ExitCode.CHANGES_PENDING),
        ("outside window", {"state": "failed"}, ExitCode.FAILED),
        ("interrupted", {"state": "working"}, ExitCode.INTERRUPTED),
        ("aborted", {"state": "good"}, ExitCode.INTERRUPTED),
    ],
)
def test_the_exit_code_is_of_what_became_of_it(store, status, changes, code):
    assert exit_code_of(*whole(store, status, h1=changes)) is code
