"""Progress of commands that ask each host once: one live line on a terminal, plain lines elsewhere.

``inspect`` and ``diff-fleet`` are such: an answer takes a second or two, so nothing is told of a
host before it has ended.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from rich.console import Console
from rich.live import Live
from rich.text import Text

from deeprig.cli.terminal import progress_console


class Ended(Protocol):
    """How one host ended."""

    @property
    def host(self) -> str:
        """Return its name."""

    @property
    def status(self) -> str:
        """Return how it ended."""

    @property
    def seconds(self) -> float:
        """Return after how long."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How a command tells: ``asking rig1`` and ``2 answered``.

    ``is_news`` says whether a host's end is worth a line, of so many hosts.
    """

    asking: str
    answered: str
    names: Callable[[list[str]], str]
    is_news: Callable[[Ended, int], bool]


@contextmanager
def hosts_progress_for(
    manner: Manner, *, as_json: bool
) -> Iterator[Silence | LiveHosts | LineHosts]:
    """Yield the progress that suits the output: silent, live, or lines."""
    console = progress_console()
    if as_json:
        yield Silence()
    elif console.is_terminal and not console.is_dumb_terminal:
        live = LiveHosts(manner)
        with Live(console=console, get_renderable=live.line, refresh_per_second=4, transient=True):
            yield live
    else:
        yield LineHosts(manner, console)


class Silence:
    """Shows nothing."""

    def host_started(self, host: str) -> None:
        """Show nothing."""

    def host_finished(self, result: Ended) -> None:
        """Show nothing."""


@dataclass(slots=True)
class LineHosts:
    """A line for each host whose end is news: for logs, CI and dumb terminals."""

    manner: Manner
    console: Console
    host_count: int = 0

    def host_started(self, host: str) -> None:
        """Say nothing: a line follows when it ends."""
        self.host_count += 1

    def host_finished(self, result: Ended) -> None:
        """Say how the host ended."""
        if self.manner.is_news(result, self.host_count):
            told = f"[{result.host}] {result.status} after {result.seconds:.1f} s"
            self.console.print(Text(told))


@dataclass(slots=True)
class LiveHosts:
    """One line that is redrawn in place: who is asked now, and how many have ended."""

    manner: Manner
    asked: list[str] = field(default_factory=list)
    ended_count: int = 0

    def host_started(self, host: str) -> None:
        """Add the host."""
        self.asked.append(host)

    def host_finished(self, result: Ended) -> None:
        """Take the host away."""
        self.asked.remove(result.host)
        self.ended_count += 1

    def line(self) -> Text:
        """Return the line as it is now."""
        manner = self.manner
        told = [f"{self.ended_count} {manner.answered}"] if self.ended_count else []
        told += [f"{manner.asking} {manner.names(self.asked)}"] if self.asked else []
        return Text("; ".join(told), style="cyan", no_wrap=True, overflow="ellipsis")
