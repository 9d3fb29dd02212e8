"""``verify`` on a screen: every check, then the evidence of those that did not pass."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from rich.text import Text

from deeprig.report.groups import Group, is_many, together, without_name, without_place
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
    """Print all checks, the metrics of trainings, failing evidence and one line of summary.

    Of many hosts, those with the same outcomes have their rows once, with the time of the slowest.
    """
    many = is_many(report.hosts, verbose=verbose)
    checks = [check for host in report.hosts for check in host.checks]
    groups = together(report.hosts, lambda host: host.host, _outcomes, many=many)
    screen.table(_COLUMNS, [row for group in groups for row in _rows(group, screen)])
    _show_trainings(checks, screen, many=many)
    if verbose:
        for check in checks:
            if check.outcome in ("pass", "not applicable"):
                _show_evidence(check.host, check, screen)
    _show_verdicts(report.hosts, screen, many=many)
    passed = sum(host.status == "passed" for host in report.hosts)
    noun = "host" if len(report.hosts) == 1 else "hosts"
    screen.line(Text(f"{passed} of {len(report.hosts)} {noun} passed in {report.seconds:.1f} s"))


def check_title(check: CheckResult) -> str:
    """Return what a check is called: role, name, environment, and whether it is simulated."""
    title = f"{check.role}: {check.name}"
    if check.environment:
        title += f" [{check.environment}]"
    return f"{title} (simulated)" if check.simulated else title


def _outcomes(host: HostVerification) -> tuple[object, ...]:
    """Return what the rows of a host say, but for the time it took."""
    return host.status, tuple((check_title(c), c.outcome) for c in _worth_a_row(host.checks))


def _rows(group: Group[HostVerification], screen: Screen) -> Iterator[tuple[Text, ...]]:
    for checks in zip(*(_worth_a_row(host.checks) for host in group.items), strict=True):
        check = checks[0]
        yield (
            screen.text(group.label),
            screen.text(check_title(check)),
            Text(check.outcome, style=style_of(check.outcome)),
            Text(f"{max(one.seconds for one in checks):.1f}"),
        )
    host = group.first
    if not host.checks:
        status = Text(host.status, style=style_of(host.status))
        seconds = max(one.seconds for one in group.items)
        yield screen.text(group.label), Text("-"), status, Text(f"{seconds:.1f}")


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


def _show_trainings(checks: Sequence[CheckResult], screen: Screen, *, many: bool) -> None:
    """Print the metrics of trainings; of many hosts the span of each metric."""
    trained = [check for check in checks if _metrics(check)]
    for group in together(trained, lambda check: check.host, _training, many=many):
        environment = group.first.environment
        where = f"{group.label} {environment}" if environment else group.label
        screen.line(screen.text(f"{where}: {', '.join(_spans(group.items))}"))


def _training(check: CheckResult) -> tuple[object, ...]:
    metrics = _metrics(check)
    return check.environment, check_title(check), tuple(metrics), metrics.get("device")


def _metrics(check: CheckResult) -> dict[str, str]:
    metrics = dict(training_metrics(check.data))
    return {name: metrics[name] for name in _SHOWN_METRICS if name in metrics}


def _spans(checks: Sequence[CheckResult]) -> Iterator[str]:
    told = [_metrics(check) for check in checks]
    for name in told[0]:
        values = sorted({metrics[name] for metrics in told})
        yield f"{name}: {values[0]}" + (f" to {values[-1]}" if len(values) > 1 else "")


def _show_verdicts(hosts: Sequence[HostVerification], screen: Screen, *, many: bool) -> None:
    """Print why hosts did not pass, and the evidence of what failed or is unknown."""
    failed = [host for host in hosts if host.status != "passed"]
    if not many:
        for host in failed:
            _show_verdict(host.host, host, screen)
            for check in _bad(host):
                _show_evidence(host.host, check, screen)
        return
    reasoned = [host for host in failed if host.reason]
    for of_hosts in together(reasoned, lambda host: host.host, _reason, many=many):
        _show_verdict(of_hosts.label, of_hosts.first, screen)
    checks = [check for host in failed for check in _bad(host)]
    for of_checks in together(checks, lambda check: check.host, _evidence, many=many):
        _show_evidence(of_checks.label, of_checks.first, screen)


def _bad(host: HostVerification) -> tuple[CheckResult, ...]:
    return tuple(check for check in host.checks if check.outcome in ("fail", "unknown"))


def _reason(host: HostVerification) -> tuple[object, ...]:
    alike = without_place if host.status == "unreachable" else without_name
    return host.status, alike((host.reason, host.remedy), host.host)


def _evidence(check: CheckResult) -> tuple[object, ...]:
    return check_title(check), check.outcome, without_name(check.evidence, check.host)


def _show_verdict(label: str, host: HostVerification, screen: Screen) -> None:
    if host.reason:
        show_problem(screen, label, host.status, host.reason, host.remedy)


def _show_evidence(label: str, check: CheckResult, screen: Screen) -> None:
    head = f"{label}: {check_title(check)}: {check.outcome}"
    screen.line(screen.text(head, style_of(check.outcome)))
    screen.indented(screen.text(check.evidence or "(no evidence)"))
