"""Progress of plan and apply: a live line per host on a terminal, plain lines elsewhere.

Of many hosts a terminal shows those at work and those in trouble, as far as there is room, and a
log has failures at once and a line at each tenth of the work.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.live import Live
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from deeprig.cli.host_rows import Row, room_of, shown_rows, tally
from deeprig.cli.terminal import progress_console
from deeprig.engine.progress import Progress, Silence
from deeprig.report.groups import MOST_SINGLE
from deeprig.report.model import CheckResult, HostRun, HostVerification, OperationResult

if TYPE_CHECKING:  # it would have every apply hold pytest in memory
    from deeprig.verify.run import VerifyProgress

_ENDINGS = {
    "ok": ("ok", "green"),
    "failed": ("failed", "bold red"),
    "unreachable": ("unreachable", "bold red"),
    "refused": ("refused", "bold red"),
    "interrupted": ("interrupted", "yellow"),
}
#: Operations that are named after the first Ctrl-C.
_MOST_NOTES = 10


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
    rows: dict[str, Row] = field(default_factory=dict)
    told_tenths: int = 0

    def host_connecting(self, host: str) -> None:
        """Say nothing: a line follows when it is connected or failed."""
        self.rows[host] = Row(time.monotonic())

    def host_ready(self, host: str, operation_count: int) -> None:
        """Say that the host is connected."""
        self._row(host).total = operation_count
        if not self._is_terse:
            self._line(host, f"connected, {operation_count} operations")

    def operation_started(self, host: str, role: str, name: str, position: int) -> None:
        """Say what starts, when asked for every detail."""
        self._row(host).position = position
        if self.verbose:
            self._line(host, f"{role}: {name} ...")

    def operation_says(self, host: str, role: str, name: str, told: str) -> None:
        """Say what is waited for."""
        if not self._is_terse:
            self._line(host, f"{role}: {name}: {told}")

    def operation_finished(self, host: str, result: OperationResult) -> None:
        """Say what changed or failed."""
        _count(self._row(host), result)
        if self._is_terse:
            self._tell_tenth()
        if self.mode == "plan":
            return  # the plan itself follows at once
        is_news = result.status == "failed" if self._is_terse else result.status != "unchanged"
        if is_news or self.verbose:
            self._line(
                host, f"{result.role}: {result.name}: {result.status} ({result.seconds:.1f} s)"
            )

    def host_finished(self, run: HostRun) -> None:
        """Say how the host ended; of many, those that did not end well."""
        if not (self._is_terse and run.status == "ok"):
            self._line(run.host, f"{run.status} after {run.seconds:.1f} s")

    def stopping(self, in_flight: tuple[tuple[str, str], ...]) -> None:
        """Say what is waited for."""
        for line in stopping_lines(in_flight):
            self.console.print(Text(line))

    @property
    def _is_terse(self) -> bool:
        return len(self.rows) > MOST_SINGLE and not self.verbose

    def _row(self, host: str) -> Row:
        return self.rows.setdefault(host, Row(time.monotonic()))

    def _tell_tenth(self) -> None:
        done = sum(row.done for row in self.rows.values())
        total = sum(row.total for row in self.rows.values())
        tenths = done * 10 // total if total else 0
        if tenths > self.told_tenths:
            self.told_tenths = tenths
            self.console.print(Text(tally(self.rows)))

    def _line(self, host: str, text: str) -> None:
        self.console.print(Text(f"[{host}] {text}"))


def _count(row: Row, result: OperationResult) -> None:
    row.done += 1
    row.changed += result.status in ("changed", "would change")
    row.is_failed = row.is_failed or result.status == "failed"


@dataclass(slots=True)
class LiveProgress:
    """A table that is redrawn in place: per host what it does now, and for how long."""

    console: Console
    rows: dict[str, Row] = field(default_factory=dict)
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
        self.rows[host] = Row(time.monotonic())

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
        _count(self.rows[host], result)

    def host_finished(self, run: HostRun) -> None:
        """Show the ending."""
        row = self.rows.setdefault(run.host, Row(time.monotonic()))
        row.ended, row.text = run.status, f"{run.seconds:.1f} s"

    def stopping(self, in_flight: tuple[tuple[str, str], ...]) -> None:
        """Keep the note below the table."""
        self.notes = list(stopping_lines(in_flight))

    def _table(self) -> Group:
        grid = Table.grid(padding=(0, 1))
        for options in ({"no_wrap": True}, {"no_wrap": True}, {"no_wrap": True}, {}):
            grid.add_column(**options, overflow="ellipsis")  # type: ignore[arg-type]
        room = room_of(self.console.height)
        for host, row in shown_rows(self.rows, room):
            seconds = f"{time.monotonic() - row.started:4.0f} s"
            word, style = _ENDINGS.get(row.ended, (f"{row.position}/{row.total}", "cyan"))
            grid.add_row(escape(host), Text(word, style=style), seconds, Text(row.text))
        lines: list[Table | Text] = [grid]
        if len(self.rows) > room:
            lines.append(_one_line(tally(self.rows), "cyan"))
        # What is waited for is named above, too: of many, a few say enough.
        lines += [_one_line(note, "yellow") for note in self.notes[: _MOST_NOTES + 1]]
        return Group(*lines)


def _one_line(text: str, style: str) -> Text:
    return Text(text, style=style, no_wrap=True, overflow="ellipsis")


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

    def check_goes_on(self, host: str, text: str) -> None:
        """Show nothing."""

    def host_finished(self, result: HostVerification) -> None:
        """Show nothing."""


@dataclass(slots=True)
class LineChecks:
    """One line per check; once there are many hosts, one per host and per check that is no pass."""

    console: Console
    host_count: int = 0

    def host_started(self, host: str) -> None:
        """Say that the host is being verified."""
        self.host_count += 1
        if not self._is_terse:
            self.console.print(Text(f"[{host}] verifying"))

    def check_finished(self, result: CheckResult) -> None:
        """Say the outcome."""
        if result.outcome in ("fail", "unknown") or not self._is_terse:
            told = f"[{result.host}] {result.role}: {result.name}: {result.outcome}"
            self.console.print(Text(told))

    def check_goes_on(self, host: str, text: str) -> None:
        """Say nothing: the check that ends says it in one line."""

    def host_finished(self, result: HostVerification) -> None:
        """Say the verdict."""
        self.console.print(Text(f"[{result.host}] {result.status} after {result.seconds:.1f} s"))

    @property
    def _is_terse(self) -> bool:
        return self.host_count > MOST_SINGLE


@dataclass(slots=True)
class LiveChecks:
    """A table redrawn in place: per host how many checks passed, and the latest."""

    console: Console
    rows: dict[str, Row] = field(default_factory=dict)

    def host_started(self, host: str) -> None:
        """Add the host's row."""
        self.rows[host] = Row(time.monotonic(), text="checking")

    def check_finished(self, result: CheckResult) -> None:
        """Count the check and show its name."""
        row = self.rows[result.host]
        row.total += 1
        row.position += result.outcome == "pass"
        row.text = f"{result.role}: {result.name}: {result.outcome}"

    def check_goes_on(self, host: str, text: str) -> None:
        """Show how far it is."""
        self.rows[host].text = text

    def host_finished(self, result: HostVerification) -> None:
        """Show the verdict."""
        row = self.rows[result.host]
        row.ended, row.text = result.status, f"{result.seconds:.1f} s"

    def table(self) -> Group:
        """Return the table as it is now."""
        grid = Table.grid(padding=(0, 1))
        for _ in range(3):
            grid.add_column(no_wrap=True)
        grid.add_column(no_wrap=True, overflow="ellipsis")
        room = room_of(self.console.height)
        for host, row in shown_rows(self.rows, room):
            style = {"passed": "green", "": "cyan"}.get(row.ended, "bold red")
            word = row.ended or f"{row.position}/{row.total} passed"
            seconds = f"{time.monotonic() - row.started:4.0f} s"
            grid.add_row(escape(host), Text(word, style=style), seconds, Text(row.text))
        if len(self.rows) > room:
            return Group(grid, _one_line(tally(self.rows), "cyan"))
        return Group(grid)
