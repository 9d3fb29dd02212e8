"""What went wrong, on a screen: reason and remedy of a host, commands and output of a failure."""

from __future__ import annotations

from collections.abc import Sequence

from deeprig.report.groups import Group, together, without_name, without_place
from deeprig.report.model import HostRun, OperationResult
from deeprig.report.screen import Screen, style_of


def show_problem(
    screen: Screen, host: str, status: str, reason: str | None, remedy: str | None
) -> None:
    """Print why a host is not good, and how to put it right."""
    head = screen.text(f"{host}: {status}", style_of(status))
    screen.line(head, screen.text(f": {reason}" if reason else ""))
    if remedy:
        screen.indented(screen.text(f"-> {remedy}"))


def show_endings(screen: Screen, runs: Sequence[HostRun], *, many: bool) -> None:
    """Print the failed operations of hosts, and how runs ended that did not end well.

    With ``many``, hosts on which the same went wrong are told once, with the words of the first.
    """
    for group in together(runs, lambda run: run.host, _ended, many=many):
        _show_ending(screen, group)


def _ended(run: HostRun) -> tuple[object, ...]:
    """Return what is told of how a run ended, without what is the host's own."""
    failed = tuple((r.role, r.name, r.commands[-1:], r.output) for r in _failures(run))
    left = (run.in_operation, _left_count(run)) if run.status == "interrupted" else ()
    alike = without_place if run.status == "unreachable" else without_name
    reason = alike((run.reason, run.remedy), run.host)
    return run.status, left, without_name(failed, run.host), reason


def _show_ending(screen: Screen, group: Group[HostRun]) -> None:
    run = group.first
    for result in _failures(run):
        _show_failure(screen, group.label, result)
    if run.status == "interrupted":
        _show_interruption(screen, group.label, run)
    elif run.status != "ok":
        show_problem(screen, group.label, run.status, run.reason, run.remedy)
    is_one = len({(one.reason, one.remedy, _failures(one)) for one in group.items}) == 1
    if run.status != "ok" and not is_one:
        told = f"these are the words of {run.host}; in the others' own only names and places differ"
        screen.indented(screen.text(told, "dim"))


def _failures(run: HostRun) -> tuple[OperationResult, ...]:
    return tuple(result for result in run.operations if result.status == "failed")


def show_simulated(screen: Screen, runs: Sequence[HostRun], *, many: bool) -> None:
    """Print what on hosts stands in for the real thing."""
    told = [(run.host, text) for run in runs for text in run.simulated]
    for group in together(told, lambda pair: pair[0], lambda pair: pair[1], many=many):
        screen.line(screen.text(f"{group.label}: simulated: {group.first[1]}", "yellow"))


def commands_of(result: OperationResult, *, verbose: bool) -> list[str]:
    """Return the commands worth showing: a script's first line, and no upload beside its diff."""
    if verbose:
        return list(result.commands)
    hidden = tuple(f"upload {diff.path}" for diff in result.diffs)
    return [_first_line(command) for command in result.commands if command not in hidden]


def _show_failure(screen: Screen, host: str, result: OperationResult) -> None:
    head = f"{host}: {result.role}: {result.name}: failed"
    screen.line(screen.text(head, style_of("failed")))
    # The commands of an operation run in order, and the last that was run is the one that failed.
    for command in result.commands[-1:]:
        screen.indented(screen.text(f"$ {_first_line(command)}", "dim"))
    screen.indented(screen.text(result.output or "(no output)"))


def _show_interruption(screen: Screen, label: str, run: HostRun) -> None:
    where = f" while in {run.in_operation}" if run.in_operation else ""
    told = f"{label}: interrupted{where}; {counted(_left_count(run))} not run"
    screen.line(screen.text(f"{told}; apply again completes them", style_of("interrupted")))


def _left_count(run: HostRun) -> int:
    return sum(result.status == "not run" for result in run.operations)


def counted(count: int) -> str:
    """Return ``1 operation`` or ``3 operations``."""
    return f"{count} operation{'s' if count != 1 else ''}"


def _first_line(command: str) -> str:
    first, newline, _ = command.strip().partition("\n")
    return f"{first} ..." if newline else first
