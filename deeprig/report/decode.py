"""Turn plain JSON data back into frozen dataclasses, strictly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

Data = TypeVar("Data")


def decode(kind: type[Data], data: Mapping[str, Any]) -> Data:
    """Return a ``kind`` made of ``data``. Raise ValueError naming what is missing or wrong.

    The ``schema`` key is the caller's to check; any other key that ``kind`` lacks is refused.
    """
    fields = {key: value for key, value in data.items() if key != "schema"}
    unknown = sorted(set(fields) - set(getattr(kind, "__dataclass_fields__", ())))
    if unknown:
        raise ValueError(f"unknown keys: {', '.join(unknown)}")
    try:
        return TypeAdapter(kind).validate_python(fields)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"{place}: {first['msg']}") from error
