"""A hundred hosts at work: a log stays short, and a terminal is never scrolled."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from deeprig.audit.inspection import HostInspection
from deeprig.cli import fleet_progress, inspect_progress
from deeprig.cli.host_rows import Row, room_of, shown_rows, tally
from deeprig.cli.hosts_progress import LineHosts
from deeprig.cli.progress import LineChecks, LineProgress, LiveChecks, LiveProgress
from deeprig.fleet.model import HostState
from deeprig.report.model import CheckResult, HostRun, HostVerification, OperationResult
from tests.unit.audit.inspections import no_gpu

NAMES = [f"gpu{n:03d}" for n in range(1, 101)]
OPERATIONS = 10


def console(width=100, height=24):
    page = io.StringIO()
    made = Console(file=page, width=width, height=height, force_terminal=True, color_system=None)
    return made, page


def result(status, name="An operation"):
    return OperationResult("base", name, status, seconds=1.0)


def work(progress, names, failing=()):
    """Tell a progress what a run tells: all connect, all get ready, then all work."""
    for name in names:
        progress.host_connecting(name)
    for name in names:
        progress.host_ready(name, OPERATIONS)
    for name in names:
        for position in range(1, OPERATIONS + 1):
            progress.operation_started(name, "base", "An operation", position)
            if name in failing and position == 3:
                progress.operation_finished(name, result("failed"))
                break
            progress.operation_finished(name, result("changed" if position == 1 else "unchanged"))
    for name in names:
        progress.host_finished(HostRun(name, "failed" if name in failing else "ok", seconds=2.0))


def test_a_log_of_a_hundred_hosts_has_a_line_at_each_tenth_and_the_trouble():
    made, page = console(width=10_000)
    work(LineProgress(made, mode="apply", verbose=False), NAMES, failing=("gpu042",))
    lines = page.getvalue().splitlines()
    assert len(lines) <= 13
    assert "[gpu042] base: An operation: failed (1.0 s)" in lines
    assert "[gpu042] failed after 2.0 s" in lines
    assert lines[0].startswith("100 hosts: ")
    assert any("1 in trouble" in line and "of 1000 operations" in line for line in lines)


def test_a_log_of_eight_hosts_has_each_change_and_verbose_has_all():
    made, page = console(width=10_000)
    work(LineProgress(made, mode="apply", verbose=False), NAMES[:8])
    lines = page.getvalue().splitlines()
    assert len(lines) == 8 * 3
    made, page = console(width=10_000)
    work(LineProgress(made, mode="apply", verbose=True), NAMES)
    assert len(page.getvalue().splitlines()) > 2 * 100 * OPERATIONS


@pytest.mark.parametrize("height", [5, 10, 24, 60])
def test_a_terminal_shows_as_many_rows_as_it_has_room_for(height):
    made, page = console(height=height)
    progress = LiveProgress(made)
    for name in NAMES:
        progress.host_connecting(name)
        progress.host_ready(name, OPERATIONS)
    progress.operation_started("gpu099", "base", "Now at work", 1)
    progress.operation_started("gpu098", "base", "Then failed", 1)
    progress.operation_finished("gpu098", result("failed"))
    made.print(progress._table())
    lines = page.getvalue().splitlines()
    assert len(lines) <= max(height, 4)
    assert "gpu098" in lines[0]
    assert "gpu099" in lines[1]
    assert "98 waiting, 1 at work, 1 in trouble" in lines[-1]


def test_after_ctrl_c_a_terminal_names_a_few_of_many():
    made, page = console(height=24, width=200)
    progress = LiveProgress(made)
    for name in NAMES:
        progress.host_connecting(name)
    progress.stopping(tuple((name, "base: An operation") for name in NAMES))
    made.print(progress._table())
    assert "Stopping" in page.getvalue()
    assert len(page.getvalue().splitlines()) < 40


def test_few_hosts_are_all_shown_in_their_order():
    rows = {name: Row(0.0) for name in NAMES[:5]}
    rows["gpu003"].is_failed = True
    assert [name for name, _ in shown_rows(rows, room_of(24))] == NAMES[:5]


def test_the_tally_counts_every_host_once():
    rows = {
        "a": Row(0.0),
        "b": Row(0.0, position=2, total=5, done=1, changed=1),
        "c": Row(0.0, position=5, total=5, done=5, changed=2),
        "d": Row(0.0, position=3, total=5, done=3, is_failed=True),
        "e": Row(0.0, ended="unreachable"),
    }
    told = "5 hosts: 1 waiting, 1 at work, 1 done, 2 in trouble; 9 of 15 operations, 3 changed"
    assert tally(rows) == told


def check(name, outcome):
    return CheckResult(name, "base", "a check", outcome)


def test_checks_of_many_hosts_are_told_where_they_fail():
    made, page = console(width=10_000)
    progress = LineChecks(made)
    for name in NAMES:
        progress.host_started(name)
    for name in NAMES:
        for outcome in ("pass", "pass", "unknown" if name == "gpu007" else "pass"):
            progress.check_finished(check(name, outcome))
        whole = HostVerification.of_checks(name, (check(name, "pass"),))
        progress.host_finished(whole)
    lines = page.getvalue().splitlines()
    assert sum("a check" in line for line in lines) == 1
    assert sum("passed after" in line for line in lines) == 100
    assert len(lines) == 8 + 1 + 100


def test_checks_of_many_hosts_fit_a_terminal():
    made, page = console(height=24)
    progress = LiveChecks(made)
    for name in NAMES:
        progress.host_started(name)
        progress.check_finished(check(name, "pass"))
    made.print(progress.table())
    assert len(page.getvalue().splitlines()) <= 24


def test_of_hosts_that_answer_diff_fleet_says_nothing_in_a_log():
    made, page = console(width=10_000)
    progress = LineHosts(fleet_progress.MANNER, made)
    for name in NAMES:
        progress.host_started(name)
        progress.host_finished(HostState(name, "unreachable" if name == "gpu042" else "read"))
    assert page.getvalue().splitlines() == ["[gpu042] unreachable after 0.0 s"]


def test_a_log_of_a_hundred_inspected_hosts_has_those_that_were_not_graded():
    made, page = console()
    progress = LineHosts(inspect_progress.MANNER, made)
    for name in NAMES:
        progress.host_started(name)
    for name in NAMES[:3]:
        progress.host_finished(HostInspection(name, "unreachable", seconds=1.0))
    progress.host_finished(no_gpu())
    assert page.getvalue().splitlines() == [f"[{n}] unreachable after 1.0 s" for n in NAMES[:3]]
