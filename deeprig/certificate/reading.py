"""Take values out of a foreign JSON object, and note what is not as it must be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast, get_args

from deeprig.certificate.training import Better
from deeprig.report.numbers import finite_number

#: A document that is something else altogether has hundreds of mistakes.
_MOST_PROBLEMS = 5
#: Further out than this nothing is measured, and the difference of two is no finite number.
_FURTHEST = 1e300


@dataclass(slots=True)
class Reader:
    """Returns a harmless value for each strange one, and remembers it in ``problems``."""

    problems: list[str] = field(default_factory=list)

    def problem(self, key: str, wanted: str) -> None:
        """Remember that a key does not hold what it must."""
        told = f"{key}: must be {wanted}"
        if told not in self.problems and len(self.problems) < _MOST_PROBLEMS:
            self.problems.append(told)

    def text(self, data: Mapping[str, Any], key: str, *, is_optional: bool = False) -> str:
        """Return a text; where it is optional, null is as good as "" and no problem."""
        value = data.get(key)
        if isinstance(value, str):
            return value
        if not (is_optional and value is None):
            self.problem(key, "text")
        return ""

    def number(
        self, data: Mapping[str, Any], key: str, *, is_optional: bool = False
    ) -> float | None:
        """Return a finite number; None for everything else."""
        value = data.get(key)
        found = finite_number(value)
        if found is None and not (is_optional and value is None):
            self.problem(key, "a number")
        return found

    def whole(self, data: Mapping[str, Any], key: str) -> int | None:
        """Return a whole number, or None where there is none."""
        value = data.get(key)
        return value if type(value) is int and finite_number(value) is not None else None

    def numbers(self, data: Mapping[str, Any], key: str) -> tuple[float | None, ...]:
        """Return a list of numbers, with None in it for what cannot be drawn."""
        values = data.get(key)
        if not isinstance(values, list | tuple):
            self.problem(key, "a list of numbers")
            return ()
        return tuple(map(_drawable, values))

    def better(self, data: Mapping[str, Any]) -> Better | None:
        """Return which way a number is better, None where neither is."""
        value = data.get("better")
        for word in get_args(Better):
            if value == word:
                return cast("Better", word)
        if value is not None:
            self.problem("better", "'higher', 'lower' or null")
        return None

    def mapping(self, data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
        """Return an object; a key that is absent or null is an empty one."""
        value = data.get(key)
        if isinstance(value, Mapping):
            return value
        if value is not None:
            self.problem(key, "an object")
        return {}

    def objects(self, data: Mapping[str, Any], key: str) -> tuple[Mapping[str, Any], ...]:
        """Return a list of objects."""
        values = data.get(key)
        if not isinstance(values, list | tuple):
            self.problem(key, "a list")
            return ()
        found = tuple(value for value in values if isinstance(value, Mapping))
        if len(found) < len(values):
            self.problem(key, "a list of objects")
        return found


def _drawable(value: Any) -> float | None:
    number = finite_number(value)
    return number if number is not None and abs(number) < _FURTHEST else None
