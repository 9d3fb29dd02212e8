"""Progress of ``backup``: a live line per host on a terminal, lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from deeprig.backup.answer import HostAnswer
from deeprig.backup.asking import Progress
from deeprig.backup.far import Far
from deeprig.backup.moments import span
from deeprig.cli.terminal import progress_console
from deeprig.report.printable import encodable

#: Of a step that goes on, a log has a line at each such share.
_LOGGED_SHARE = 0.1


@contextmanager
def backup_progress_for(*, as_json: bool) -> Iterator[Progress]:
    """Yield the progress that suits the output: silent, live, or lines."""
    console = progress_console()
    if as_json:
        yield Silence()
    elif console.is_terminal and not console.is_dumb_terminal:
        live = LiveHosts(console)
        with Live(console=console, get_renderable=live.lines, refresh_per_second=4, transient=True):
            yield live
    else:
        yield LineHosts(console)


class Silence:
    """Shows nothing."""

    def host_started(self, host: str) -> None:
        """Show nothing."""

    def host_is_at(self, host: str, far: Far) -> None:
        """Show nothing."""

    def host_finished(self, answer: HostAnswer) -> None:
        """Show nothing."""


@dataclass(slots=True)
class LineHosts:
    """A line per step of each host, one at each tenth of it, and one at the end."""

    console: Console
    _told: dict[str, tuple[str, str, int]] = field(default_factory=dict)

    def host_started(self, host: str) -> None:
        """Say nothing: a line follows when it begins or ends."""

    def host_is_at(self, host: str, far: Far) -> None:
        """Say what it does, where that is new."""
        told = (far.repository, far.step, int((far.share or 0.0) / _LOGGED_SHARE))
        if self._told.get(host) != told:
            self._told[host] = told
            self._line(host, far.text)

    def host_finished(self, answer: HostAnswer) -> None:
        """Say how it ended."""
        self._line(answer.host, f"{answer.status} after {answer.seconds:.1f} s")

    def _line(self, host: str, text: str) -> None:
        self.console.print(Text(encodable(f"[{host}] {text}", self.console.encoding)))


@dataclass(slots=True)
class LiveHosts:
    """A line per host that is asked now, redrawn in place, and how many have answered."""

    console: Console
    _asked: dict[str, tuple[float, str]] = field(default_factory=dict)
    _ended: dict[str, str] = field(default_factory=dict)

    def host_started(self, host: str) -> None:
        """Add the host's line."""
        self._asked[host] = (time.monotonic(), "connecting")

    def host_is_at(self, host: str, far: Far) -> None:
        """Show how far it is."""
        started, _ = self._asked[host]
        self._asked[host] = (started, far.text)

    def host_finished(self, answer: HostAnswer) -> None:
        """Take its line away."""
        del self._asked[answer.host]
        self._ended[answer.host] = answer.status

    def lines(self) -> Group:
        """Return the lines as they are now: as many as the terminal has room for."""
        now, room = time.monotonic(), max(1, self.console.height - 3)
        width = max((len(host) for host in self._asked), default=0)
        lines = [
            self._line(f"{host:<{width}}  {text}  {span(now - started)}", "cyan")
            for host, (started, text) in list(self._asked.items())[:room]
        ]
        hidden = len(self._asked) - len(lines)
        lines += [self._line(f"and {hidden} more hosts", "cyan")] if hidden > 0 else []
        lines += [self._line(self._summary(), "dim")] if self._ended else []
        return Group(*lines)

    def _summary(self) -> str:
        statuses = list(self._ended.values())
        counts = {status: statuses.count(status) for status in dict.fromkeys(statuses)}
        return ", ".join(f"{number} {status}" for status, number in counts.items())

    def _line(self, text: str, style: str) -> Text:
        shown = encodable(text, self.console.encoding)
        return Text(shown, style=style, no_wrap=True, overflow="ellipsis")
