"""Sections of ``key = value`` lines, each with its line number, so that a problem has a place.

A line that begins with ``#`` or ``;`` is a comment; a value goes to the end of its line, since a
password may hold either.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong in a configuration file, where, and what to do. ``line`` 0 is the file."""

    file: str
    line: int
    reason: str
    remedy: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.reason}; {self.remedy}"


class BadConfig(Exception):
    """A configuration that cannot be used; all its problems at once."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        """Keep the problems in the order of their lines."""
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Entry:
    """A value as written."""

    section: str
    key: str
    value: str
    line: int


@dataclass(frozen=True, slots=True)
class Parsed:
    """The entries of a file, the line of each section, and what could not be read."""

    entries: tuple[Entry, ...]
    sections: dict[str, int]
    problems: tuple[Problem, ...]


class _Reader:
    def __init__(self, file: str) -> None:
        self.file = file
        self.section = ""
        self.sections: dict[str, int] = {}
        self.entries: dict[tuple[str, str], Entry] = {}
        self.problems: list[Problem] = []

    def read(self, number: int, line: str) -> None:
        if line.startswith("["):
            self._begin(number, line)
        elif "=" not in line:
            self._refuse(number, "the line has no =", "write `key = value`")
        elif not self.section:
            self._refuse(number, "a value before any section", "begin with [alerts]")
        else:
            self._take(number, line)

    def _begin(self, number: int, line: str) -> None:
        if not line.endswith("]"):
            self._refuse(number, "the section has no ]", "write `[section]`")
        name = line.strip("[] ")
        if name in self.sections:
            self._refuse(number, f"[{name}] is there twice", "put its values into one")
        self.section = name
        self.sections.setdefault(name, number)

    def _take(self, number: int, line: str) -> None:
        key, _, value = (part.strip() for part in line.partition("="))
        place = (self.section, key)
        if place in self.entries:
            first = self.entries[place].line
            self._refuse(number, f"{key} is there twice (line {first})", "keep one of them")
            return
        self.entries[place] = Entry(self.section, key, value, number)

    def _refuse(self, number: int, reason: str, remedy: str) -> None:
        self.problems.append(Problem(self.file, number, reason, remedy))


def parse_ini(file: str, text: str) -> Parsed:
    """Return what a text has; ``file`` names it in problems."""
    reader = _Reader(file)
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if stripped and stripped[0] not in "#;":
            reader.read(number, stripped)
    return Parsed(tuple(reader.entries.values()), reader.sections, tuple(reader.problems))
