"""At a hundred hosts, the same is said once and the odd ones out in full."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from deeprig.report import terminal
from deeprig.report.model import (
    CheckResult,
    FileDiff,
    HostRun,
    HostVerification,
    OperationResult,
    RunReport,
    VerifyReport,
    VersionMove,
)

NAMES = [f"gpu{n:03d}" for n in range(1, 101)]
TIMES = {"started": "2026-11-22T00:00:00Z", "finished": "2026-11-22T00:01:00Z", "seconds": 60.0}


def shown(report, *, verbose=False, width=None):
    page = io.StringIO()
    is_terminal = width is not None
    console = Console(
        file=page, force_terminal=is_terminal, width=width or 10_000, color_system=None
    )
    terminal.render(report, console, verbose=verbose)
    return page.getvalue()


def run_of(name, status="unchanged", **more):
    operations = (
        OperationResult("base", "Place the motd", status, seconds=1.0),
        OperationResult("conda", "Make an environment", "unchanged", seconds=int(name[3:]) / 10),
    )
    return HostRun(name, "ok", operations=operations, seconds=3.0, **more)


def applied(*runs, command="apply"):
    return RunReport(command=command, version="0", inventory="lab.py", hosts=runs, **TIMES)


def test_a_hundred_equal_hosts_have_a_row_per_role_with_the_slowest_time():
    text = shown(applied(*map(run_of, NAMES)))
    rows = [line.split() for line in text.splitlines() if line.startswith("gpu")]
    assert rows == [
        ["gpu[001-100]", "(100", "hosts)", "base", "0", "0", "1.0"],
        ["gpu[001-100]", "(100", "hosts)", "conda", "0", "0", "10.0"],
    ]
    assert "100 hosts: 100 ok; 0 changed" in text


def test_the_odd_one_out_comes_last_and_in_full():
    runs = [run_of(name) for name in NAMES]
    failure = OperationResult(
        "base", "Place the motd", "failed", commands=("install motd",), output="no space left"
    )
    runs[6] = HostRun("gpu007", "failed", "base: failed", operations=(failure,), seconds=1.0)
    text = shown(applied(*runs))
    rows = [line for line in text.splitlines() if line.startswith("gpu") and ":" not in line]
    assert rows[0].startswith("gpu[001-006,008-100] (99 hosts)")
    assert rows[-1].startswith("gpu007 ")
    assert "gpu007: base: Place the motd: failed" in text
    assert "no space left" in text


def test_what_failed_alike_is_told_once_and_what_failed_otherwise_by_itself():
    runs = []
    for name in NAMES:
        why = "disk full" if name != "gpu050" else "read-only"
        failure = OperationResult("base", "An operation", "failed", output=f"{name}: {why}")
        reason = f"{name}: base: An operation failed"
        runs.append(HostRun(name, "failed", reason, operations=(failure,)))
    text = shown(applied(*runs))
    assert text.count("disk full") == 1
    assert text.count("read-only") == 1
    assert "gpu[001-049,051-100] (99 hosts): base: An operation: failed" in text
    assert "these are the words of gpu001" in text
    assert "gpu050: base: An operation: failed" in text


def test_unreachable_hosts_are_told_once_although_their_addresses_differ():
    runs = [run_of(name) for name in NAMES[:60]]
    runs += [
        HostRun(name, "unreachable", f"10.0.0.{n}:22: no connection", f"ssh -p 22 ada@10.0.0.{n}")
        for n, name in enumerate(NAMES[60:])
    ]
    text = shown(applied(*runs))
    assert text.count("no connection") == 1
    assert "gpu[061-100] (40 hosts): unreachable" in text
    assert "these are the words of gpu061" in text


def test_verbose_and_few_hosts_are_told_one_by_one():
    runs = list(map(run_of, NAMES))
    every = shown(applied(*runs), verbose=True).splitlines()
    assert sum(line.startswith("gpu042 ") for line in every) == 2
    few = shown(applied(*runs[:8])).splitlines()
    assert sum(line.startswith("gpu") for line in few) == 16


def test_json_has_every_host():
    assert [host["host"] for host in applied(*map(run_of, NAMES)).to_json()["hosts"]] == NAMES


def planned(name, text):
    diff = FileDiff("/etc/motd", f"+{text}\n+{name} is yours")
    operation = OperationResult("base", "Place the motd", "would change", diffs=(diff,))
    return HostRun(name, "ok", operations=(operation,))


def test_a_plan_that_differs_by_the_hosts_name_only_is_shown_once():
    runs = [planned(name, "Welcome") for name in NAMES]
    runs[41] = planned("gpu042", "Somebody changed this")
    text = shown(applied(*runs, command="plan"))
    assert text.count("+Welcome") == 1
    assert text.count("+Somebody changed this") == 1
    assert "gpu[001-041,043-100] (99 hosts): 1 of 1 operation would change something" in text


def test_moves_of_many_hosts_are_one_row():
    move = VersionMove("curl", "7.88.1", "7.88.2")
    runs = []
    for name in NAMES:
        operation = OperationResult("maintenance", "Security updates", "changed", moves=(move,))
        runs.append(HostRun(name, "ok", operations=(operation,)))
    assert shown(applied(*runs, command="update")).count("7.88.1") == 1


def test_what_is_simulated_on_many_hosts_is_said_once():
    runs = [replace(run_of(name), simulated=("the GPU is made up",)) for name in NAMES]
    assert shown(applied(*runs)).count("the GPU is made up") == 1


def verified(name, outcome="pass", evidence="as declared", **more):
    checks = (
        CheckResult(name, "base", "the clock is right", "pass", seconds=0.1),
        CheckResult(name, "base", "the disk has room", outcome, evidence, seconds=0.2, **more),
    )
    return HostVerification.of_checks(name, checks)


def proof(*hosts):
    return VerifyReport(version="0", inventory="lab.py", hosts=hosts, **TIMES)


def test_checks_of_many_hosts_are_told_once_and_failures_with_their_evidence():
    hosts = [verified(name) for name in NAMES]
    hosts[2] = verified("gpu003", "fail", "gpu003 has 1 GiB left")
    hosts[3] = verified("gpu004", "fail", "gpu004 has 1 GiB left")
    hosts[4] = verified("gpu005", "unknown", "df hangs")
    text = shown(proof(*hosts))
    assert sum("the clock is right" in line for line in text.splitlines()) == 3
    assert text.count("1 GiB left") == 1
    assert "gpu[003-004] (2 hosts): base: the disk has room: fail" in text
    assert "gpu005: base: the disk has room: unknown" in text
    assert "97 of 100 hosts passed" in text


def test_the_metrics_of_many_trainings_are_told_as_a_span():
    hosts = [
        verified(
            name,
            environment="torch",
            data={"metrics": {"accuracy": 0.95 + n / 10_000, "macro_f1": 0.9}},
        )
        for n, name in enumerate(NAMES)
    ]
    lines = [line for line in shown(proof(*hosts)).splitlines() if "macro f1" in line]
    told = "accuracy: 0.950 to 0.960, macro f1: 0.900"
    assert lines == [f"gpu[001-100] (100 hosts) torch: {told}"]


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_a_narrow_terminal_is_enough_for_a_hundred_hosts(width):
    runs = [run_of(name) for name in NAMES]
    runs[9] = HostRun("gpu010", "unreachable", "10.0.0.9:22: no connection", "is it on?")
    for text in (
        shown(applied(*runs), width=width),
        shown(proof(*map(verified, NAMES)), width=width),
    ):
        assert all(len(line) <= width for line in text.splitlines())
        assert len(text.splitlines()) < 40
