"""Turn report data into plain JSON data: dictionaries, lists, text, numbers, true, false, null."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any


def encode(value: Any) -> Any:
    """Return ``value`` as data that ``json`` writes without extensions of its own.

    JSON has no NaN and no infinity: a training metric that is one becomes the text ``"nan"``,
    ``"inf"`` or ``"-inf"``. Raise TypeError for a type that JSON has no word for.
    """
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Mapping):
        return {str(key): encode(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [encode(item) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: encode(getattr(value, field.name)) for field in fields(value)}
    raise TypeError(f"a report cannot hold {type(value).__name__}: {value!r}")
