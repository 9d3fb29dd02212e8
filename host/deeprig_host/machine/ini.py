"""The lines of an INI-like file: sections and their keys, each with its line and its problems."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

_SECTION = re.compile(r"^\[\s*([^\[\]]*?)\s*\]$")
_KEY = re.compile(r"^([A-Za-z][A-Za-z0-9_]*)\s*=\s*(.*)$")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in a file: where (``FILE:LINE``), what, and what helps."""

    place: str
    reason: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.place}: {self.reason}\n    -> {self.remedy}"


class BadConfiguration(Exception):
    """A configuration that is refused, with every problem in it."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        """Keep the problems; the text is all of them."""
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Entry:
    """The value of a key as it stands in the file."""

    text: str
    line: int


@dataclass(slots=True)
class Section:
    """A section as it stands in the file."""

    name: str
    line: int
    entries: dict[str, Entry] = field(default_factory=dict)


@dataclass(slots=True)
class Ini:
    """A file, read: its sections in order, and what could not be read.

    ``holds_secrets``: no line of it is shown.
    """

    file: str
    holds_secrets: bool = False
    sections: list[Section] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def refuse(self, line: int, reason: str, remedy: str) -> None:
        """Note a problem at a line."""
        self.problems.append(Problem(f"{self.file}:{line}", reason, remedy))


def declared_text(path: Path, place: str, remedy: str) -> str:
    """Return a configuration's text; ``place`` names it. Raise BadConfiguration with the remedy."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise BadConfiguration((Problem(place, reason, remedy),)) from error


def read_ini(text: str, file: str, *, holds_secrets: bool = False) -> Ini:
    """Return the sections of a text; comments are whole lines that begin with ``#`` or ``;``."""
    ini = Ini(file, holds_secrets)
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if not line or line.startswith(("#", ";")):
            continue
        section = _SECTION.match(line)
        if section:
            ini.sections.append(Section(" ".join(section[1].split()), number))
        else:
            _take_key(ini, line, number)
    return ini


def _take_key(ini: Ini, line: str, number: int) -> None:
    found = _KEY.match(line)
    if not found:
        shown = "the line" if ini.holds_secrets else repr(line)
        ini.refuse(number, f"{shown} is no setting", "write KEY = VALUE, [SECTION] or # comment")
    elif not ini.sections:
        ini.refuse(number, f"{found[1]} stands before any section", "put it below its [SECTION]")
    else:
        _add(ini, ini.sections[-1], found[1], Entry(found[2], number))


def _add(ini: Ini, section: Section, key: str, entry: Entry) -> None:
    earlier = section.entries.get(key)
    if earlier is None:
        section.entries[key] = entry
        return
    ini.refuse(
        entry.line,
        f"{key} stands twice in [{section.name}], first in line {earlier.line}",
        "keep one of the two",
    )
