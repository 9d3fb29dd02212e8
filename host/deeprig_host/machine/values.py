"""What a key of a configuration may hold: parsers that raise BadValue with reason and remedy."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from deeprig_host.machine.ini import Ini, Section

_NUMBER = re.compile(r"^\d+(\.\d+)?$")


class BadValue(Exception):
    """A value that is refused, each fault as (reason, remedy)."""

    def __init__(self, *faults: tuple[str, str]) -> None:
        """Keep every fault: one run tells all of them."""
        super().__init__(faults)
        self.faults = faults


Parse = Callable[[str], Any]


def values_of(ini: Ini, section: Section, keys: dict[str, Parse]) -> dict[str, Any]:
    """Return the values of a section's keys; what is wrong with them is noted.

    A key whose value is wrong is there, as None: it is not told as missing too.
    """
    values: dict[str, Any] = {}
    for key, entry in section.entries.items():
        if key not in keys:
            known = f"settings here: {', '.join(keys)}"
            ini.refuse(entry.line, f"there is no setting {key}", known)
            continue
        try:
            values[key] = keys[key](entry.text)
        except BadValue as bad:
            for reason, remedy in bad.faults:
                ini.refuse(entry.line, f"{key}: {reason}", remedy)
            values[key] = None
    return values


def number(low: float, high: float, unit: str) -> Parse:
    """Return a parser of a number within limits."""

    def parse(text: str) -> float:
        remedy = f"give a number of {low:g} to {high:g} {unit}"
        if not _NUMBER.match(text):
            raise BadValue((f"{text!r} is not a number", remedy))
        value = float(text)
        if not low <= value <= high:
            raise BadValue((f"{text} is not within {low:g} to {high:g} {unit}", remedy))
        return value

    return parse


def whole(low: int, high: int, unit: str) -> Parse:
    """Return a parser of a whole number within limits."""
    within = number(low, high, unit)

    def parse(text: str) -> int:
        value = within(text)
        if value != int(value):
            raise BadValue((f"{text} is not a whole number", f"give a whole number of {unit}"))
        return int(value)

    return parse


def one_of(*words: str) -> Parse:
    """Return a parser of one of some words."""

    def parse(text: str) -> str:
        if text not in words:
            raise BadValue((f"{text!r} is not known", f"give one of: {', '.join(words)}"))
        return text

    return parse
