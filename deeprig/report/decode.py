"""Turn plain JSON data back into frozen dataclasses, strictly: every mistake, with its place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from deeprig.report.numbers import finite_number

Data = TypeVar("Data")
#: Mistakes that a message names; a file that is something else altogether has hundreds.
_NAMED_MISTAKES = 5


def decode(kind: type[Data], data: Any) -> Data:
    """Return a ``kind`` made of ``data``. Raise ValueError naming what is missing or wrong.

    A key that ``kind`` lacks is refused, and no type is bent into another: ``"3"`` is no number.
    A key that has a default may be absent.
    """
    mistakes: list[str] = []
    result = _value(kind, data, "", mistakes)
    if mistakes:
        more = len(mistakes) - _NAMED_MISTAKES
        named = "; ".join(mistakes[:_NAMED_MISTAKES])
        raise ValueError(f"{named}; and {more} more" if more > 0 else named)
    return cast("Data", result)


def _value(kind: Any, data: Any, place: str, mistakes: list[str]) -> Any:
    origin = get_origin(kind)
    if is_dataclass(kind):
        return _instance(cast("type", kind), data, place, mistakes)
    if origin is tuple:
        return _items(get_args(kind)[0], data, place, mistakes)
    if origin in (Union, UnionType):
        return None if data is None else _value(_not_none(kind), data, place, mistakes)
    if origin is Literal:
        words = get_args(kind)
        return _checked(data, data in words, " or ".join(map(repr, words)), place, mistakes)
    if kind is float:
        number = finite_number(data)
        return _checked(number, number is not None, "a number", place, mistakes)
    if origin is not None and issubclass(origin, Mapping):
        return _checked(data, isinstance(data, dict), "an object", place, mistakes)
    # bool is an int to Python, and nobody's exit code.
    return _checked(data, type(data) is kind, _WORDS[kind], place, mistakes)


_WORDS = {str: "text", int: "a whole number", bool: "true or false"}


def _instance(kind: type, data: Any, place: str, mistakes: list[str]) -> Any:
    if not isinstance(data, dict):
        return _checked(None, False, "an object", place, mistakes)
    known = _fields(kind)
    before = len(mistakes)
    mistakes += [f"{_inside(place, key)}: unknown key" for key in data if key not in known]
    values = {}
    for name, (field, hint) in known.items():
        if name in data:
            values[name] = _value(hint, data[name], _inside(place, name), mistakes)
        elif field.default is MISSING and field.default_factory is MISSING:
            mistakes.append(f"{_inside(place, name)}: missing")
    if len(mistakes) > before:
        return None
    try:
        return kind(**values)
    except ValueError as error:  # the class's own rule, such as "passed needs a pass"
        mistakes.append(f"{place}: {error}" if place else str(error))
        return None


def _items(kind: Any, data: Any, place: str, mistakes: list[str]) -> Any:
    if not isinstance(data, list | tuple):
        return _checked(None, False, "a list", place, mistakes)
    return tuple(_value(kind, item, f"{place}[{n}]", mistakes) for n, item in enumerate(data))


def _checked(value: Any, is_good: bool, wanted: str, place: str, mistakes: list[str]) -> Any:
    if not is_good:
        mistakes.append(f"{place or 'the document'}: must be {wanted}")
    return value


def _inside(place: str, name: object) -> str:
    return f"{place}.{name}" if place else str(name)


def _not_none(kind: Any) -> Any:
    return next(option for option in get_args(kind) if option is not NoneType)


@cache
def _fields(kind: type) -> dict[str, tuple[Field[Any], Any]]:
    hints = get_type_hints(kind)
    return {field.name: (field, hints[field.name]) for field in fields(kind)}
