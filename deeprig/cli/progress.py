"""Progress of plan and apply: a live line per host on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from deeprig.cli.terminal import progress_console
from deeprig.engine.progress import Progress, Silence
from deeprig.report.model import CheckResult, HostRun, HostVerification, OperationResult
from deeprig.verify.run import VerifyProgress

_ENDINGS = {
    "ok": ("ok", "green"),
    "failed": ("failed", "bold red"),
    "unreachable": ("unreachable", "bold red"),
    "refused": ("refused", "bold red"),
    "interrupted": ("interrupted", "yellow"),
}


@contextmanager
def progress_for(mode: str, *, as_json: bool, verbose: bool) -> Iterator[Progress]:
    """Yield the progress that suits the output: silent, live, or lines."""
    console = progress_console()
    if as_json:
        yield Silence()
    elif console.is_terminal and not console.is_dumb_terminal:
        live = LiveProgress(console)
        with live.shown():
            yield live
    else:
        yield LineProgress(console, mode=mode, verbose=verbose)


@dataclass(slots=True)
class LineProgress:
    """One line per host event and per change: for logs, CI and dumb terminals."""

    console: Console
    mode: str
    verbose: bool

    def host_connecting(self, host: str) -> None:
        """Say nothing: a line follows when it is connected or failed."""

    def host_ready(self, host: str, operation_count: int) -> None:
        """Say that the host is connected."""
        self._line(host, f"connected, {operation_count} operations")

    def operation_started(self, host: str, role: str, name: str, position: int) -> None:
        """Say what starts, when asked for every detail."""
        if self.verbose:
            self._line(host, f"{role}: {name} ...")

    def operation_says(self, host: str, role: str, name: str, told: str) -> None:
        """Say what is waited for."""
        self._line(host, f"{role}: {name}: {told}")

    def operation_finished(self, host: str, result: OperationResult) -> None:
        """Say what changed or failed."""
        if self.mode == "plan":
            return  # the plan itself follows at once
        if result.status != "unchanged" or self.verbose:
            self._line(
                host, f"{result.role}: {result.name}: {result.status} ({result.seconds:.1f} s)"
            )

    def host_finished(self, run: HostRun) -> None:
        """Say how the host ended."""
        self._line(run.host, f"{run.status} after {run.seconds:.1f} s")

    def stopping(self, in_flight: tuple[tuple[str, str], ...]) -> None:
        """Say what is waited for."""
        for line in stopping_lines(in_flight):
            self.console.print(Text(line))

    def _line(self, host: str, text: str) -> None:
        self.console.print(Text(f"[{host}] {text}"))


@dataclass(slots=True)
class _Row:
    started: float
    text: str = "connecting"
    position: int = 0
    total: int = 0
    changed: int = 0
    ended: str = ""


@dataclass(slots=True)
class LiveProgress:
    """A table that is redrawn in place: per host what it does now, and for how long."""

    console: Console
    rows: dict[str, _Row] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Redraw while the block runs."""
        with Live(
            console=self.console, get_renderable=self._table, refresh_per_second=4, transient=True
        ):
            yield

    def host_connecting(self, host: str) -> None:
        """Add the host's row."""
        self.rows[host] = _Row(time.monotonic())

    def host_ready(self, host: str, operation_count: int) -> None:
        """Show how many operations there are."""
        self.rows[host].total = operation_count
        self.rows[host].text = "connected"

    def operation_started(self, host: str, role: str, name: str, position: int) -> None:
        """Show the operation."""
        row = self.rows[host]
        row.text, row.position = f"{role}: {name}", position

    def operation_says(self, host: str, role: str, name: str, told: str) -> None:
        """Show what is waited for, beside the operation."""
        self.rows[host].text = f"{role}: {name}: {told}"

    def operation_finished(self, host: str, result: OperationResult) -> None:
        """Count a change."""
        self.rows[host].changed += result.status in ("changed", "would change")

    def host_finished(self, run: HostRun) -> None:
        """Show the ending."""
        row = self.rows.setdefault(run.host, _Row(time.monotonic()))
        row.ended, row.text = run.status, f"{run.seconds:.1f} s"

    def stopping(self, in_flight: tuple[tuple[str, str], ...]) -> None:
        """Keep the note below the table."""
        self.notes = list(stopping_lines(in_flight))

    def _table(self) -> Table:
        grid = Table.grid(padding=(0, 1))
        for options in ({"no_wrap": True}, {"no_wrap": True}, {"no_wrap": True}, {}):
            grid.add_column(**options, overflow="ellipsis")  # type: ignore[arg-type]
        for host, row in self.rows.items():
            seconds = f"{time.monotonic() - row.started:4.0f} s"
            word, style = _ENDINGS.get(row.ended, (f"{row.position}/{row.total}", "cyan"))
            grid.add_row(escape(host), Text(word, style=style), seconds, Text(row.text))
        for note in self.notes:
            grid.add_row("", "", "", Text(note, style="yellow"))
        return grid


def stopping_lines(in_flight: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    """Return what is said after the first Ctrl-C."""
    return (
        "Stopping: waiting for the operations under way. Ctrl-C again abandons them.",
        *(f"  {host}: {operation}" for host, operation in in_flight),
    )


@contextmanager
def verify_progress_for(*, as_json: bool) -> Iterator[VerifyProgress]:
    """Yield the progress of ``verify`` that suits the output."""
    console = progress_console()
    if as_json:
        yield SilentChecks()
    elif console.is_terminal and not console.is_dumb_terminal:
        live = LiveChecks(console)
        with Live(console=console, get_renderable=live.table, refresh_per_second=4, transient=True):
            yield live
    else:
        yield LineChecks(console)


class SilentChecks:
    """Shows nothing."""

    def host_started(self, host: str) -> None:
        """Show nothing."""

    def check_finished(self, result: CheckResult) -> None:
        """Show nothing."""

    def host_finished(self, result: HostVerification) -> None:
        """Show nothing."""


@dataclass(slots=True)
class LineChecks:
    """One line per check."""

    console: Console

    def host_started(self, host: str) -> None:
        """Say that the host is being verified."""
        self.console.print(Text(f"[{host}] verifying"))

    def check_finished(self, result: CheckResult) -> None:
        """Say the outcome."""
        self.console.print(Text(f"[{result.host}] {result.role}: {result.name}: {result.outcome}"))

    def host_finished(self, result: HostVerification) -> None:
        """Say the verdict."""
        self.console.print(Text(f"[{result.host}] {result.status} after {result.seconds:.1f} s"))


@dataclass(slots=True)
class LiveChecks:
    """A table redrawn in place: per host how many checks passed, and the latest."""

    console: Console
    rows: dict[str, _Row] = field(default_factory=dict)

    def host_started(self, host: str) -> None:
        """Add the host's row."""
        self.rows[host] = _Row(time.monotonic(), text="checking")

    def check_finished(self, result: CheckResult) -> None:
        """Count the check and show its name."""
        row = self.rows[result.host]
        row.total += 1
        row.position += result.outcome == "pass"
        row.text = f"{result.role}: {result.name}: {result.outcome}"

    def host_finished(self, result: HostVerification) -> None:
        """Show the verdict."""
        row = self.rows[result.host]
        row.ended, row.text = result.status, f"{result.seconds:.1f} s"

    def table(self) -> Table:
        """Return the table as it is now."""
        grid = Table.grid(padding=(0, 1))
        for _ in range(3):
            grid.add_column(no_wrap=True)
        grid.add_column(no_wrap=True, overflow="ellipsis")
        for host, row in self.rows.items():
            style = {"passed": "green", "": "cyan"}.get(row.ended, "bold red")
            word = row.ended or f"{row.position}/{row.total} passed"
            seconds = f"{time.monotonic() - row.started:4.0f} s"
            grid.add_row(escape(host), Text(word, style=style), seconds, Text(row.text))
        return grid
