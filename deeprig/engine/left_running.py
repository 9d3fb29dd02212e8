"""Work that an earlier run left running on a host: what it is, and how it is told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from pyinfra.api.command import StringCommand
from pyinfra.api.exceptions import FactProcessError
from pyinfra.api.facts import FactBase

from deeprig.engine.host_lock import minutes
from deeprig.engine.steady_command import running_work


@dataclass(frozen=True, slots=True)
class Work:
    """Work of an earlier run, with its last lines. ``seconds`` is None where it has ended."""

    unit: str
    seconds: int | None
    code: str
    last_lines: tuple[str, ...] = ()

    @property
    def told(self) -> str:
        """Return what a person should know."""
        said = f", last: {' / '.join(self.last_lines)}" if self.last_lines else ""
        if self.seconds is not None:
            return f"unit {self.unit} runs for {minutes(self.seconds)}{said}"
        how = f"with code {self.code}" if self.code != "none" else "in the middle"
        return f"unit {self.unit}, whose run was lost, ended {how}{said}"


class LeftRunning(FactBase[tuple[Work, ...]]):
    """The works of ours that run on the host now."""

    def command(self) -> StringCommand:
        """Return a command that asks, and waits for nothing."""
        return running_work()

    @staticmethod
    def default() -> tuple[Work, ...]:
        """Return that none runs."""
        return ()

    def process(self, output: list[str]) -> tuple[Work, ...]:
        """Return them. Raise FactProcessError for a line that is none."""
        try:
            return works_of(output)
        except ValueError as error:
            raise FactProcessError(f"what still runs cannot be read: {error}") from error


def works_of(lines: Iterable[str]) -> tuple[Work, ...]:
    """Return the works that a host told of. Raise ValueError for a line that is none."""
    works: list[Work] = []
    for line in lines:
        kind, _, rest = line.partition(" ")
        if kind == "line" and works:
            text = rest.rpartition("\r")[2].strip()
            works[-1] = replace(works[-1], last_lines=(*works[-1].last_lines, text))
        elif kind in ("running", "ended"):
            unit, _, number = rest.partition(" ")
            is_running = kind == "running"
            works.append(Work(unit, int(number) if is_running else None, number))
        else:
            raise ValueError(f"{line!r}")
    return tuple(works)
