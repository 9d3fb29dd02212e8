"""What went wrong, on a screen: reason and remedy of a host, commands and output of a failure."""

from __future__ import annotations

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


def show_ending(screen: Screen, run: HostRun) -> None:
    """Print the failed operations of a host, and how its run ended when not well."""
    for result in run.operations:
        if result.status == "failed":
            _show_failure(screen, run.host, result)
    if run.status == "interrupted":
        _show_interruption(screen, run)
    elif run.status != "ok":
        show_problem(screen, run.host, run.status, run.reason, run.remedy)


def show_simulated(screen: Screen, run: HostRun) -> None:
    """Print what on a host stands in for the real thing."""
    for told in run.simulated:
        screen.line(screen.text(f"{run.host}: simulated: {told}", "yellow"))


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


def _show_interruption(screen: Screen, run: HostRun) -> None:
    where = f" while in {run.in_operation}" if run.in_operation else ""
    left = sum(result.status == "not run" for result in run.operations)
    told = f"{run.host}: interrupted{where}; {counted(left)} not run"
    screen.line(screen.text(f"{told}; apply again completes them", style_of("interrupted")))


def counted(count: int) -> str:
    """Return ``1 operation`` or ``3 operations``."""
    return f"{count} operation{'s' if count != 1 else ''}"


def _first_line(command: str) -> str:
    first, newline, _ = command.strip().partition("\n")
    return f"{first} ..." if newline else first
