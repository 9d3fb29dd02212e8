"""Read a table of hosts: one row a host, one column a setting, the header saying which."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from deeprig.errors import Problem
from deeprig.inventory.merge import Level
from deeprig.inventory.sources.gathered import (
    Gathered,
    GatheredHost,
    Note,
    raise_if_any,
    refuse,
)
from deeprig.inventory.sources.reading import text_of
from deeprig.inventory.sources.settings_names import CONNECTION

_DELIMITERS = ",;\t|"
_NAME, _GROUPS = "name", "groups"
#: Their cells are words, in any of the ways people list them.
_LISTS = (_GROUPS, "roles")
_BETWEEN_WORDS = re.compile(r"[\s,;|]+")
#: A table has columns of its own ("room"): only what is nearly a setting's name is mistyped.
_CLOSE = 0.8
_EXAMPLE = "the first line names the columns: name,address,user,groups,gpu_count"


@dataclass(frozen=True, slots=True)
class _Cell:
    column: str
    text: str
    place: str


def read_csv(path: Path, known: tuple[str, ...]) -> Gathered:
    """Return the hosts of a table; ``known`` are the settings and roles that columns may name.

    Raise InventoryProblem with every cell that is wrong, at its line and column.
    """
    rows = _rows(path)
    header = next(rows, None)
    if header is None:
        raise refuse(path, "the table is empty", _EXAMPLE)
    line, names = header
    columns = tuple(name.strip() for name in names)
    _check_header(f"{path}:{line}", columns)
    notes = tuple(_unknown(f"{path}:{line}", columns, known))
    hosts: list[GatheredHost] = []
    problems: list[Problem] = []
    lines: dict[str, int] = {}
    for number, row in rows:
        try:
            host = _host(path, number, columns, row, known)
        except _BadRow as error:
            problems += error.problems
            continue
        if host.name in lines:
            reason = f"host {host.name!r} stands in line {lines[host.name]} already"
            problems.append(Problem(f"{path}:{number}", reason, "name each host once"))
        lines.setdefault(host.name, number)
        hosts.append(host)
    raise_if_any(problems)
    return Gathered(tuple(hosts), notes)


class _BadRow(ValueError):
    def __init__(self, *problems: Problem) -> None:
        super().__init__("a row that is wrong")
        self.problems = problems


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield each row that holds something, with the line at which it begins."""
    text = text_of(path)
    delimiter = _delimiter(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    begins = 1
    try:
        for row in reader:
            if any(cell.strip() for cell in row) and not row[0].lstrip().startswith("#"):
                yield begins, row
            begins = reader.line_num + 1
    except csv.Error as error:
        remedy = "a cell with quotes in it is quoted itself, and doubles them"
        raise refuse(f"{path}:{begins}", f"this is no table: {error}", remedy) from error


def _delimiter(text: str) -> str:
    """Return what separates the columns: what the header has most of, outside of quotes."""
    lines = (ln for ln in text.splitlines() if ln.strip() and not ln.lstrip().startswith("#"))
    header = re.sub(r'"[^"]*"', "", next(lines, ""))
    return max(_DELIMITERS, key=lambda one: (header.count(one), -_DELIMITERS.index(one)))


def _check_header(place: str, columns: tuple[str, ...]) -> None:
    if _NAME not in columns:
        raise refuse(place, f"there is no column {_NAME!r}", _EXAMPLE)
    raise_if_any(
        Problem(f"{place}, column {number}", f"the column {name!r} stands twice")
        for number, name in enumerate(columns, 1)
        if name and name in columns[: number - 1]
    )


def _setting(column: str) -> str:
    """Return the setting that a column is of: its part before the first dot, in pyinfra's name."""
    top = column.partition(".")[0]
    return CONNECTION.get(top, top)


def _unknown(place: str, columns: tuple[str, ...], known: tuple[str, ...]) -> Iterator[Note]:
    offered = (_NAME, _GROUPS, *CONNECTION, *known)
    for number, name in enumerate(columns, 1):
        if name not in (_NAME, _GROUPS, "") and _setting(name) not in known:
            close = get_close_matches(name, offered, n=1, cutoff=_CLOSE)
            asked = f"; did you mean {close[0]!r}?" if close else ""
            text = f"{name!r} is no setting, and its cells were not read{asked}"
            yield Note(f"{place}, column {number}", text)


def _host(
    path: Path, line: int, columns: tuple[str, ...], row: list[str], known: tuple[str, ...]
) -> GatheredHost:
    if len(row) != len(columns):
        reason = f"this row has {len(row)} cells, and the table {len(columns)} columns"
        raise _BadRow(Problem(f"{path}:{line}", reason, "quote a cell that holds the delimiter"))
    cells = {
        name: _Cell(name, text.strip(), f"{path}:{line}, column {number} ({name})")
        for number, (name, text) in enumerate(zip(columns, row, strict=True), 1)
        if text.strip()
    }
    if _NAME not in cells:
        number = columns.index(_NAME) + 1
        raise _BadRow(Problem(f"{path}:{line}, column {number} (name)", "the host has no name"))
    levels: list[Level] = []
    problems: list[Problem] = []
    for cell in cells.values():
        if cell.column in (_NAME, _GROUPS) or _setting(cell.column) not in known:
            continue
        try:
            levels.append(Level(cell.place, _nested(cell.column, _value(cell))))
        except json.JSONDecodeError as error:
            remedy = 'write {"key": "value"} or ["a", "b"]'
            problems.append(Problem(cell.place, f"this is not JSON: {error.msg}", remedy))
    if problems:
        raise _BadRow(*problems)
    groups = _words(cells[_GROUPS].text) if _GROUPS in cells else ()
    return GatheredHost(cells[_NAME].text, groups, tuple(levels))


def _value(cell: _Cell) -> Any:
    """Return a cell's value: JSON where it looks like it, words of a list, else its text."""
    if cell.text[0] in "[{":
        return json.loads(cell.text)
    return list(_words(cell.text)) if cell.column in _LISTS else cell.text


def _words(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word for word in _BETWEEN_WORDS.split(text) if word))


def _nested(column: str, value: Any) -> dict[str, Any]:
    first, *rest = column.split(".")
    for part in reversed(rest):
        value = {part: value}
    return {_setting(first): value}
