"""Reports for people: tables and evidence, on any width, with or without a terminal."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from deeprig.report.model import (
    CheckResult,
    FileDiff,
    HostRun,
    HostVerification,
    OperationResult,
    RunReport,
    VerifyReport,
)

_STYLES = {
    "ok": "green",
    "passed": "green",
    "pass": "green",
    "changed": "yellow",
    "would change": "yellow",
    "failed": "bold red",
    "fail": "bold red",
    "unknown": "bold red",
    "unreachable": "bold red",
    "interrupted": "yellow",
    "not applicable": "dim",
}
_DIFF_STYLES = {"+": "green", "-": "red", "@": "cyan"}
#: Training results that a person looks for first, in this order.
_METRICS = ("device", "accuracy", "macro_recall", "macro_f1")


def render(report: RunReport | VerifyReport, console: Console, *, verbose: bool = False) -> None:
    """Print a report. Text from hosts is shown as it is, never read as markup."""
    if isinstance(report, VerifyReport):
        _render_verify(report, console)
    elif report.command == "plan":
        _render_plan(report, console, verbose=verbose)
    else:
        _render_apply(report, console, verbose=verbose)


def _render_apply(report: RunReport, console: Console, *, verbose: bool) -> None:
    table = _table(console, "host", "role", "changed", "failed", "seconds")
    for run in report.hosts:
        for row in run.role_rows():
            failed = Text(str(row.failed), style="bold red" if row.failed else "")
            changed = Text(str(row.changed), style="yellow" if row.changed else "")
            table.add_row(row.host, row.role, changed, failed, f"{row.seconds:.1f}")
        if not run.operations:
            table.add_row(run.host, "-", "-", "-", f"{run.seconds:.1f}")
    console.print(table)
    if verbose:
        _print_operations(report, console)
    _print_endings(report, console)
    changed_count = sum(run.change_count for run in report.hosts)
    console.print(_summary(report.hosts, f"{changed_count} changed", report.seconds))


def _render_plan(report: RunReport, console: Console, *, verbose: bool) -> None:
    for run in report.hosts:
        console.print(Text(f"{run.host}: {_plan_line(run)}", style="bold"))
        for result in run.operations:
            if result.status == "would change":
                _print_indented(console, *_planned(result, verbose=verbose))
    _print_endings(report, console)
    count = sum(run.change_count for run in report.hosts)
    console.print(
        _summary(report.hosts, f"{count} operations would change something", report.seconds)
    )


def _plan_line(run: HostRun) -> str:
    if run.status != "ok":
        return run.status
    if not run.change_count:
        return "nothing to change"
    return f"{run.change_count} of {len(run.operations)} operations would change something"


def _planned(result: OperationResult, *, verbose: bool) -> list[Text]:
    parts = [Text(f"{result.role}: {result.name}", style="yellow")]
    if result.output:
        parts.append(Text(result.output, style="dim"))
    shown = [c for c in result.commands if verbose or not c.startswith("upload ")]
    parts += [Text(f"$ {_first_line(c)}", style="dim") for c in shown]
    parts += [_diff(diff) for diff in result.diffs]
    return parts


def _diff(diff: FileDiff) -> Text:
    text = Text()
    for line in diff.text.splitlines():
        text.append(f"{line}\n", style=_DIFF_STYLES.get(line[:1], ""))
    text.rstrip()
    return text


def _render_verify(report: VerifyReport, console: Console) -> None:
    table = _table(console, "host", "check", "outcome", "seconds")
    for host in report.hosts:
        for check in host.checks:
            name = f"{check.role}: {check.name}"
            if check.environment:
                name += f" [{check.environment}]"
            if check.simulated:
                name += " (simulated)"
            outcome = Text(check.outcome, style=_STYLES[check.outcome])
            table.add_row(check.host, Text(name), outcome, f"{check.seconds:.1f}")
    console.print(table)
    for host in report.hosts:
        for check in host.checks:
            _print_training(check, console)
    for host in report.hosts:
        _print_verdict(host, console)
    passed = sum(host.status == "passed" for host in report.hosts)
    console.print(Text(f"{passed} of {len(report.hosts)} hosts passed in {report.seconds:.1f} s"))


def _print_training(check: CheckResult, console: Console) -> None:
    metrics = {**check.data.get("metrics", {}), "device": check.data.get("device")}
    shown = [f"{k.replace('_', ' ')}: {_number(metrics[k])}" for k in _METRICS if metrics.get(k)]
    if len(shown) > 1:
        console.print(Text(f"{check.host} {check.environment or ''}: {', '.join(shown)}"))


def _number(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _print_verdict(host: HostVerification, console: Console) -> None:
    if host.reason:
        _print_problem(console, host.host, host.status, host.reason, host.remedy)
    for check in host.checks:
        if check.outcome in ("fail", "unknown"):
            head = f"{host.host}: {check.role}: {check.name}: {check.outcome}"
            console.print(Text(head, style="bold red"))
            _print_indented(console, Text(check.evidence or "(no evidence)"))


def _print_operations(report: RunReport, console: Console) -> None:
    for run in report.hosts:
        for result in run.operations:
            status = Text(result.status, style=_STYLES.get(result.status, ""))
            console.print(Text(f"{run.host} {result.role}: {result.name}: ").append_text(status))
            for command in result.commands:
                _print_indented(console, Text(f"$ {command}", style="dim"))


def _print_endings(report: RunReport, console: Console) -> None:
    for run in report.hosts:
        for result in run.operations:
            if result.status == "failed":
                head = f"{run.host}: {result.role}: {result.name}: failed"
                console.print(Text(head, style="bold red"))
                commands = [Text(f"$ {_first_line(c)}", style="dim") for c in result.commands[-1:]]
                _print_indented(console, *commands, Text(result.output or "(no output)"))
        if run.status == "interrupted":
            where = f" while in {run.in_operation}" if run.in_operation else ""
            left = sum(result.status == "not run" for result in run.operations)
            told = f"interrupted{where}; {left} operations not run"
            console.print(Text(f"{run.host}: {told}; apply again completes them", style="yellow"))
        elif run.status != "ok":
            _print_problem(console, run.host, run.status, run.reason or "", run.remedy)


def _print_problem(
    console: Console, host: str, status: str, reason: str, remedy: str | None
) -> None:
    console.print(Text(f"{host}: {status}: ", style="bold red").append(reason, style="default"))
    if remedy:
        _print_indented(console, Text(f"-> {remedy}"))


def _summary(hosts: tuple[HostRun, ...], what: str, seconds: float) -> Text:
    counts = {
        status: sum(run.status == status for run in hosts)
        for status in ("ok", "failed", "unreachable", "interrupted")
    }
    told = ", ".join(f"{count} {status}" for status, count in counts.items() if count)
    return Text(
        f"{len(hosts)} host{'s' if len(hosts) != 1 else ''}: {told}; {what}; {seconds:.1f} s"
    )


def _table(console: Console, *columns: str) -> Table:
    is_unicode = (console.encoding or "").lower().startswith("utf")
    style = box.SIMPLE_HEAD if is_unicode and console.is_terminal else box.ASCII2
    if not console.is_terminal:
        style = box.Box("    \n    \n -- \n    \n    \n    \n    \n    \n", ascii=True)
    table = Table(box=style, show_edge=False, pad_edge=False)
    for name in columns:
        is_number = name in ("changed", "failed", "seconds")
        table.add_column(name, justify="right" if is_number else "left", overflow="fold")
    return table


def _print_indented(console: Console, *texts: Text) -> None:
    """Print texts a step to the right; a log gets no padding to the right of them."""
    for text in texts:
        if console.is_terminal:
            console.print(Padding(text, (0, 0, 0, 4), expand=False))
        else:
            console.print(Text("\n".join(f"    {line}" for line in text.plain.splitlines())))


def _first_line(text: str) -> str:
    first, newline, _ = text.partition("\n")
    return f"{first} ..." if newline else first
