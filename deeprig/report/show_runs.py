"""``plan``, ``apply`` and ``update`` on a screen: what would change, or did, per host and role."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from deeprig.report.groups import Group, is_many, together, without_name
from deeprig.report.model import FileDiff, HostRun, OperationResult, RunReport, VersionMove
from deeprig.report.screen import Column, Screen, style_of
from deeprig.report.show_problems import commands_of, counted, show_endings, show_simulated

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
    """Print the closing table, what failed, and one line of summary.

    Of many hosts, those to which the same happened have one row, with the time of the slowest.
    """
    many = is_many(report.hosts, verbose=verbose)
    if verbose:
        for run in report.hosts:
            _show_operations(run, screen)
    _show_moves(report, screen, many=many)
    groups = together(report.hosts, lambda run: run.host, _counts, many=many)
    screen.table(_COLUMNS, [row for group in groups for row in _rows(group, screen)])
    _show_endings(report, screen, many=many)
    _show_rechecked(report, screen)
    count = sum(run.change_count for run in report.hosts)
    screen.line(_summary(report, f"{count} changed"))


def show_plan(report: RunReport, screen: Screen, *, verbose: bool) -> None:
    """Print per host what would change, with diffs, and one line of summary.

    Of many hosts, those on which the same would change are told once.
    """
    many = is_many(report.hosts, verbose=verbose)
    for group in together(report.hosts, lambda run: run.host, _planned, many=many):
        run = group.first
        screen.line(screen.text(f"{group.label}: {_plan_line(run)}", "bold"))
        for result in run.operations:
            if result.status == "would change":
                _show_planned(result, screen, verbose=verbose)
            elif result.notes:  # a decision that leaves all as it is has its reasons too
                screen.indented(screen.text(f"{result.role}: {result.name}: {result.status}"))
                _show_notes(result, screen)
    _show_moves(report, screen, many=many)
    _show_endings(report, screen, many=many)
    count = sum(run.change_count for run in report.hosts)
    screen.line(_summary(report, f"{counted(count)} would change something"))


def _counts(run: HostRun) -> tuple[object, ...]:
    """Return what a run's rows say, but for the time it took."""
    return run.status, tuple((r.role, r.changed, r.failed, r.unchanged) for r in run.role_rows())


def _planned(run: HostRun) -> tuple[object, ...]:
    """Return what a plan says of a host, its own name left out."""
    said = tuple(
        (r.role, r.name, r.status, r.notes, r.output, r.commands, r.diffs)
        for r in run.operations
        if r.status == "would change" or r.notes
    )
    return _plan_line(run), without_name(said, run.host)


def _rows(group: Group[HostRun], screen: Screen) -> Iterator[tuple[Text, ...]]:
    host = screen.text(group.label)
    for rows in zip(*(run.role_rows() for run in group.items), strict=True):
        row = rows[0]
        yield (
            host,
            screen.text(row.role),
            Text(str(row.changed), style=style_of("changed") if row.changed else ""),
            Text(str(row.failed), style=style_of("failed") if row.failed else ""),
            Text(f"{max(one.seconds for one in rows):.1f}"),
        )
    if not group.first.operations:
        seconds = max(run.seconds for run in group.items)
        yield host, Text("-"), Text("-"), Text("-"), Text(f"{seconds:.1f}")


def _show_rechecked(report: RunReport, screen: Screen) -> None:
    """Print how many hosts were not evaluated now, and of when their evaluation is."""
    times = sorted(run.evaluated for run in report.hosts if run.evaluated is not None)
    if times:
        hosts = f"{len(times)} host{'s' if len(times) > 1 else ''}"
        since = times[0] if times[0] == times[-1] else f"{times[0]} and later"
        screen.line(Text(f"{hosts} as evaluated at {since}: nothing has changed since"))


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


def _show_moves(report: RunReport, screen: Screen, *, many: bool) -> None:
    """Print what goes from which version to which, if anything does."""
    moves = [
        (run.host, m) for run in report.hosts for result in run.operations for m in result.moves
    ]
    rows = [
        (*map(screen.text, (group.label, m.what, m.before or "-")), _after(m, screen))
        for group in together(moves, lambda pair: pair[0], lambda pair: pair[1], many=many)
        for _, m in group.items[:1]
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
    if run.round_trips is not None:
        screen.line(screen.text(f"{run.host}: its answer was waited for {run.round_trips} times"))


def _show_endings(report: RunReport, screen: Screen, *, many: bool) -> None:
    show_endings(screen, report.hosts, many=many)
    show_simulated(screen, report.hosts, many=many)


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
