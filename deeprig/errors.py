"""Every error a user can cause: one message with place, reason and remedy, and its exit code."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import IO, Any, ClassVar

import click


class ExitCode(IntEnum):
    """What a command's exit status says. Documented in the README; never renumbered."""

    GOOD = 0
    FAILED = 1
    BAD_USAGE = 2
    UNREACHABLE = 3
    CHANGES_PENDING = 4
    INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: where, what, and how to put it right."""

    place: str
    reason: str
    remedy: str | None = None

    def __str__(self) -> str:
        text = f"{self.place}: {self.reason}" if self.place else self.reason
        return f"{text}\n    -> {self.remedy}" if self.remedy else text


class DeeprigError(click.ClickException):
    """The root of everything that deeprig raises on purpose; click shows it without a traceback."""

    exit_code: ClassVar[int] = ExitCode.FAILED

    def __init__(self, reason: str, *, place: str = "", remedy: str | None = None) -> None:
        self.problems: tuple[Problem, ...] = (Problem(place, reason, remedy),)
        super().__init__(str(self.problems[0]))

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the message to standard error (standard output stays pure for ``--json``)."""
        click.echo(f"deeprig: {self.format_message()}", file=file, err=file is None)


class UsageProblem(DeeprigError):
    """Bad usage of the command line, or a machine that cannot run what was asked."""

    exit_code: ClassVar[int] = ExitCode.BAD_USAGE


class InventoryProblem(DeeprigError):
    """An inventory that cannot be used: every problem in it, found before any connection."""

    exit_code: ClassVar[int] = ExitCode.BAD_USAGE

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        if not problems:
            raise ValueError("an InventoryProblem needs at least one problem")
        super().__init__(problems[0].reason, place=problems[0].place, remedy=problems[0].remedy)
        self.problems = problems

    def format_message(self) -> str:
        """Return all problems, one a line, each with its remedy below it."""
        count = len(self.problems)
        head = f"the inventory has {count} problem{'s' if count > 1 else ''}; nothing was contacted"
        return "\n".join(
            (head, *(f"  {line}" for p in self.problems for line in str(p).split("\n")))
        )


class DeclarationRefused(DeeprigError):
    """A declaration that this very host must not be given: nothing on it was changed."""

    exit_code: ClassVar[int] = ExitCode.BAD_USAGE

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        if not problems:
            raise ValueError("a DeclarationRefused needs at least one problem")
        super().__init__(problems[0].reason, place=problems[0].place, remedy=problems[0].remedy)
        self.problems = problems

    def format_message(self) -> str:
        """Return all problems, each with its remedy below it."""
        return "\n".join(map(str, self.problems))


class HostUnreachable(DeeprigError):
    """A host that could not be reached, or whose identity could not be proven."""

    exit_code: ClassVar[int] = ExitCode.UNREACHABLE
