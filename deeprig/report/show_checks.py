"""``verify`` on a screen: every check, then the evidence of those that did not pass."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rich.text import Text

from deeprig.report.metrics import training_metrics
from deeprig.report.model import CheckResult, HostVerification, VerifyReport
from deeprig.report.screen import Column, Screen, style_of
from deeprig.report.show_problems import show_problem

_COLUMNS = (
    Column("host", folds=True),
    Column("check", folds=True),
    Column("outcome"),
    Column("seconds", is_number=True),
)
#: Of a training's metrics, those that say whether it learnt, and on what.
_SHOWN_METRICS = ("device", "accuracy", "macro recall", "macro f1")


def show_verification(report: VerifyReport, screen: Screen, *, verbose: bool) -> None:
    """Print all checks, the metrics of trainings, failing evidence and one line of summary."""
    checks = [check for host in report.hosts for check in host.checks]
    screen.table(_COLUMNS, [row for host in report.hosts for row in _rows(host, screen)])
    for check in checks:
        _show_training(check, screen)
    if verbose:
        for check in checks:
            if check.outcome in ("pass", "not applicable"):
                _show_evidence(check, screen)
    for host in report.hosts:
        _show_verdict(host, screen)
    passed = sum(host.status == "passed" for host in report.hosts)
    noun = "host" if len(report.hosts) == 1 else "hosts"
    screen.line(Text(f"{passed} of {len(report.hosts)} {noun} passed in {report.seconds:.1f} s"))


def check_title(check: CheckResult) -> str:
    """Return what a check is called: role, name, environment, and whether it is simulated."""
    title = f"{check.role}: {check.name}"
    if check.environment:
        title += f" [{check.environment}]"
    return f"{title} (simulated)" if check.simulated else title


def _rows(host: HostVerification, screen: Screen) -> Iterator[tuple[Text, ...]]:
    for check in _worth_a_row(host.checks):
        yield (
            screen.text(check.host),
            screen.text(check_title(check)),
            Text(check.outcome, style=style_of(check.outcome)),
            Text(f"{check.seconds:.1f}"),
        )
    if not host.checks:
        status = Text(host.status, style=style_of(host.status))
        yield screen.text(host.host), Text("-"), status, Text(f"{host.seconds:.1f}")


def _worth_a_row(checks: tuple[CheckResult, ...]) -> Iterator[CheckResult]:
    """Yield the checks; a role of which nothing applies to the host has one row, not many."""
    applying = {check.role for check in checks if check.outcome != "not applicable"}
    told: set[str] = set()
    for check in checks:
        if check.role in applying:
            yield check
        elif check.role not in told:
            told.add(check.role)
            yield replace(check, name="all checks", environment=None, simulated=False)


def _show_training(check: CheckResult, screen: Screen) -> None:
    metrics = dict(training_metrics(check.data))
    told = [f"{name}: {metrics[name]}" for name in _SHOWN_METRICS if name in metrics]
    if told:
        where = f"{check.host} {check.environment}" if check.environment else check.host
        screen.line(screen.text(f"{where}: {', '.join(told)}"))


def _show_verdict(host: HostVerification, screen: Screen) -> None:
    if host.status != "passed" and host.reason:
        show_problem(screen, host.host, host.status, host.reason, host.remedy)
    for check in host.checks:
        if check.outcome in ("fail", "unknown"):
            _show_evidence(check, screen)


def _show_evidence(check: CheckResult, screen: Screen) -> None:
    head = f"{check.host}: {check_title(check)}: {check.outcome}"
    screen.line(screen.text(head, style_of(check.outcome)))
    screen.indented(screen.text(check.evidence or "(no evidence)"))
