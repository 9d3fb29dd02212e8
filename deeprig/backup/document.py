"""The document that a host prints: checked for being one, and cleaned of what it must not show."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from deeprig.masking import Masker
from deeprig.report.numbers import finite_number
from deeprig.report.printable import printable

#: Of the host's programs; the command follows.
SCHEMA = "deeprig.backup-"
#: Times, sizes and counts fit into 64 bits.
_BEYOND = 2.0**64
_SHOWN_DIGITS = 12


class BadDocument(Exception):
    """What a host printed is no document of its backup program."""


def read_document(text: str, masker: Masker) -> dict[str, Any]:
    """Return a host's document, its texts printable and without secrets. Raise BadDocument.

    A number beyond all measure makes it none: nobody could count with it, nor show it in a table.
    """
    try:
        told = json.loads(text, parse_constant=_no_number, parse_float=_real, parse_int=_whole)
        if not isinstance(told, dict) or not str(told.get("schema")).startswith(SCHEMA):
            raise BadDocument("it is no document of deeprig's backup program")
        if not isinstance(told.get("ok"), bool):
            raise BadDocument("it does not say whether all is well")
        cleaned = _cleaned(told, masker)
    except (ValueError, RecursionError) as error:
        raise BadDocument(f"it is no JSON: {error}") from error
    return dict(cleaned)


def kind_of(document: Mapping[str, Any]) -> str:
    """Return the command that a document is of, as the host's program names it."""
    return text_of(document, "schema").removeprefix(SCHEMA).partition("/")[0]


def mapping_of(told: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """Return the object of a key, an empty one where there is none."""
    found = told.get(key)
    return found if isinstance(found, dict) else {}


def rows_of(told: Mapping[str, Any], key: str) -> Iterator[Mapping[str, Any]]:
    """Yield the objects in the list of a key."""
    found = told.get(key)
    yield from (one for one in found if isinstance(one, dict)) if isinstance(found, list) else ()


def text_of(told: Mapping[str, Any], key: str) -> str:
    """Return the text of a key, empty where there is none."""
    found = told.get(key)
    return found if isinstance(found, str) else ""


def texts_of(told: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """Return the texts in the list of a key."""
    found = told.get(key)
    return tuple(one for one in found if isinstance(one, str)) if isinstance(found, list) else ()


def number_of(told: Mapping[str, Any], key: str) -> float | None:
    """Return the number of a key, None where there is none."""
    return finite_number(told.get(key))


def is_measure(value: object) -> bool:
    """Say whether a JSON value is a number that a time, a size or a count may be."""
    number = finite_number(value)
    return number is not None and abs(number) < _BEYOND


def is_true(told: Mapping[str, Any], key: str) -> bool:
    """Say whether a key says yes, and nothing else."""
    return told.get(key) is True


def _real(word: str) -> float:
    return _measured(word, float(word))


def _whole(word: str) -> int:
    number = int(word)
    _measured(word, number)
    return number


def _measured(word: str, number: float) -> float:
    if not is_measure(number):
        raise BadDocument(f"it holds a number beyond all measure: {word[:_SHOWN_DIGITS]}...")
    return number


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is no number")


def _cleaned(value: Any, masker: Masker) -> Any:
    if isinstance(value, str):
        return masker(printable(value))
    if isinstance(value, dict):
        return {printable(key): _cleaned(inner, masker) for key, inner in value.items()}
    if isinstance(value, list):
        return [_cleaned(inner, masker) for inner in value]
    return value
