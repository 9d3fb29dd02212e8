"""``plan``, ``apply`` and ``update`` on a screen: what would change, or did, per host and role."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from deeprig.report.model import FileDiff, HostRun, OperationResult, RunReport, VersionMove
from deeprig.report.screen import Column, Screen, style_of
from deeprig.report.show_problems import commands_of, counted, show_ending, show_simulated

_DIFF_STYLES = {"+": "green", "-": "red", "@": "cyan"}
_COLUMNS = (
    Column("host", folds=True),
    Column("role", folds=True),
    Column("changed", is_number=True),
    Column("failed", is_number=True),
    Column("seconds", is_number=True),
)
_MOVE_COLUMNS = (
    Column("host", folds=True),
    Column("what", folds=True),
    Column("from", folds=True),
    Column("to", folds=True),
)


def show_apply(report: RunReport, screen: Screen, *, verbose: bool) -> None:
    """Print the closing table, what failed, and one line of summary."""
    if verbose:
        for run in report.hosts:
            _show_operations(run, screen)
    _show_moves(report, screen)
    screen.table(_COLUMNS, [row for run in report.hosts for row in _rows(run, screen)])
    _show_endings(report, screen)
    count = sum(run.change_count for run in report.hosts)
    screen.line(_summary(report, f"{count} changed"))


def show_plan(report: RunReport, screen: Screen, *, verbose: bool) -> None:
    """Print per host what would change, with diffs, and one line of summary."""
    for run in report.hosts:
        screen.line(screen.text(f"{run.host}: {_plan_line(run)}", "bold"))
        for result in run.operations:
            if result.status == "would change":
                _show_planned(result, screen, verbose=verbose)
            elif result.notes:  # a decision that leaves all as it is has its reasons too
                screen.indented(screen.text(f"{result.role}: {result.name}: {result.status}"))
                _show_notes(result, screen)
    _show_moves(report, screen)
    _show_endings(report, screen)
    count = sum(run.change_count for run in report.hosts)
    screen.line(_summary(report, f"{counted(count)} would change something"))


def _rows(run: HostRun, screen: Screen) -> Iterator[tuple[Text, ...]]:
    host = screen.text(run.host)
    for row in run.role_rows():
        yield (
            host,
            screen.text(row.role),
            Text(str(row.changed), style=style_of("changed") if row.changed else ""),
            Text(str(row.failed), style=style_of("failed") if row.failed else ""),
            Text(f"{row.seconds:.1f}"),
        )
    if not run.operations:
        yield host, Text("-"), Text("-"), Text("-"), Text(f"{run.seconds:.1f}")


def _show_planned(result: OperationResult, screen: Screen, *, verbose: bool) -> None:
    screen.indented(screen.text(f"{result.role}: {result.name}", style_of("would change")))
    _show_notes(result, screen)
    if result.output:
        screen.indented(screen.text(result.output, "dim"), depth=2)
    for command in commands_of(result, verbose=verbose):
        screen.indented(screen.text(f"$ {command}", "dim"), depth=2)
    for diff in result.diffs:
        screen.indented(_coloured(diff, screen), depth=2)


def _show_notes(result: OperationResult, screen: Screen) -> None:
    for note in result.notes:
        screen.indented(screen.text(note), depth=2)


def _show_moves(report: RunReport, screen: Screen) -> None:
    """Print what goes from which version to which, if anything does."""
    rows = [
        (*map(screen.text, (run.host, m.what, m.before or "-")), _after(m, screen))
        for run in report.hosts
        for result in run.operations
        for m in result.moves
    ]
    if rows:
        screen.table(_MOVE_COLUMNS, rows)


def _after(move: VersionMove, screen: Screen) -> Text:
    return screen.text(move.after or "removed", style_of("changed"))


def _coloured(diff: FileDiff, screen: Screen) -> Text:
    # Only \n ends a line of a diff: a form feed inside a file does not.
    lines = diff.text.rstrip("\n").split("\n")
    styled = (screen.text(line, _DIFF_STYLES.get(line[:1], "")) for line in lines)
    return Text("\n").join(styled)


def _show_operations(run: HostRun, screen: Screen) -> None:
    for result in run.operations:
        status = screen.text(result.status, style_of(result.status))
        screen.line(screen.text(f"{run.host}: {result.role}: {result.name}: "), status)
        for note in result.notes:
            screen.indented(screen.text(note))
        for command in result.commands:
            screen.indented(screen.text(f"$ {command}", "dim"))


def _show_endings(report: RunReport, screen: Screen) -> None:
    for run in report.hosts:
        show_ending(screen, run)
    for run in report.hosts:
        show_simulated(screen, run)


def _plan_line(run: HostRun) -> str:
    if run.status != "ok":
        return run.status
    if not run.change_count:
        return "nothing to change"
    return f"{run.change_count} of {counted(len(run.operations))} would change something"


def _summary(report: RunReport, what: str) -> Text:
    counts = {
        status: sum(run.status == status for run in report.hosts)
        for status in ("ok", "failed", "refused", "unreachable", "interrupted")
    }
    told = ", ".join(f"{count} {status}" for status, count in counts.items() if count)
    hosts = f"{len(report.hosts)} host{'s' if len(report.hosts) != 1 else ''}"
    return Text(f"{hosts}: {told or 'none'}; {what}; {report.seconds:.1f} s")
