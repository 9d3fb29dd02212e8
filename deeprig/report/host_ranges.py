"""Many host names in few words: ``gpu[01-98,100]`` instead of ninety-nine names."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable

#: What is before the last number of a name, the number, and what follows it.
_PARTS = re.compile(r"(.*?)(\d+)([^\d]*)", re.DOTALL)
#: Beyond it a number is part of a name, such as a serial number, and no place in a row.
_LONGEST_NUMBER = 6


def host_ranges(names: Iterable[str]) -> str:
    """Return the names, those that differ by a number only as ``gpu[01-98,100]``.

    Numbers of one width stay together, so ``gpu1`` and ``gpu01`` are told apart. The order is that
    of the names first seen; a name that is given twice is told once.
    """
    rows: dict[tuple[str, str, int], list[int]] = defaultdict(list)
    whole: dict[str, tuple[str, str, int] | None] = {}
    for name in dict.fromkeys(names):
        match = _PARTS.fullmatch(name)
        if match is None or len(match[2]) > _LONGEST_NUMBER:
            whole[name] = None
            continue
        # Without leading zeros any width belongs to one row: gpu9 and gpu10.
        width = len(match[2]) if match[2].startswith("0") else 0
        key = (match[1], match[3], width)
        rows[key].append(int(match[2]))
        whole[name] = key
    rows = _with_padded_rows(rows)
    told: list[str] = []
    for name, row in whole.items():
        if row is None:
            told.append(name)
        elif row in rows:
            told.append(_row(row, rows.pop(row)))
    return ", ".join(told)


def _with_padded_rows(
    rows: dict[tuple[str, str, int], list[int]],
) -> dict[tuple[str, str, int], list[int]]:
    """Return the rows, numbers without a leading zero put to a padded row of their width.

    gpu09 and gpu10 are one row: both have two digits.
    """
    joined = {key: list(numbers) for key, numbers in rows.items()}
    for (before, after, width), numbers in rows.items():
        if width:
            plain = joined.get((before, after, 0), [])
            fitting = [number for number in plain if len(str(number)) == width]
            joined[before, after, width] = numbers + fitting
            if fitting:
                joined[before, after, 0] = [number for number in plain if number not in fitting]
    return {key: numbers for key, numbers in joined.items() if numbers}


def _row(key: tuple[str, str, int], numbers: list[int]) -> str:
    before, after, width = key
    spans = _spans(sorted(numbers))
    told = ",".join(
        f"{first:0{width}d}" if first == last else f"{first:0{width}d}-{last:0{width}d}"
        for first, last in spans
    )
    return f"{before}{told}{after}" if len(numbers) == 1 else f"{before}[{told}]{after}"


def _spans(numbers: list[int]) -> list[tuple[int, int]]:
    """Return runs of numbers without a gap."""
    spans: list[tuple[int, int]] = []
    for number in numbers:
        if spans and number == spans[-1][1] + 1:
            spans[-1] = (spans[-1][0], number)
        else:
            spans.append((number, number))
    return spans
