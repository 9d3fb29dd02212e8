"""Progress of ``inspect``: a live line on a terminal, a line per host elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.live import Live
from rich.text import Text

from deeprig.audit.inspection import HostInspection
from deeprig.audit.session import InspectProgress
from deeprig.cli.terminal import progress_console


@contextmanager
def inspect_progress_for(*, as_json: bool) -> Iterator[InspectProgress]:
    """Yield the progress that suits the output: silent, live, or lines."""
    console = progress_console()
    if as_json:
        yield Silence()
    elif console.is_terminal and not console.is_dumb_terminal:
        live = LiveHosts()
        with Live(console=console, get_renderable=live.line, refresh_per_second=4, transient=True):
            yield live
    else:
        yield LineHosts(console)


class Silence:
    """Shows nothing."""

    def host_started(self, host: str) -> None:
        """Show nothing."""

    def host_finished(self, result: HostInspection) -> None:
        """Show nothing."""


@dataclass(slots=True)
class LineHosts:
    """One line per host: for logs, CI and dumb terminals."""

    console: Console

    def host_started(self, host: str) -> None:
        """Say nothing: a line follows when it ends, a second or two later."""

    def host_finished(self, result: HostInspection) -> None:
        """Say how the host ended."""
        self.console.print(Text(f"[{result.host}] {result.status} after {result.seconds:.1f} s"))


@dataclass(slots=True)
class LiveHosts:
    """One line that is redrawn in place: which hosts are asked now."""

    asked: list[str] = field(default_factory=list)
    ended_count: int = 0

    def host_started(self, host: str) -> None:
        """Add the host."""
        self.asked.append(host)

    def host_finished(self, result: HostInspection) -> None:
        """Take the host away."""
        self.asked.remove(result.host)
        self.ended_count += 1

    def line(self) -> Text:
        """Return the line as it is now."""
        told = [f"{self.ended_count} inspected"] if self.ended_count else []
        told += [f"inspecting {', '.join(self.asked)}"] if self.asked else []
        return Text("; ".join(told), style="cyan", no_wrap=True, overflow="ellipsis")
