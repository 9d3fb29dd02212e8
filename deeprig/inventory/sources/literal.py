"""Python source for plain data, laid out as a person would write it in an inventory."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

_WIDTH = 96
_STEP = "    "


def literal(value: Any, indent: int = 0, used: int = 0) -> str:
    """Return Python source of a value: keys in order, a line where it fits, else one each.

    ``indent`` is the depth the value stands at, ``used`` what its line holds before it. What is
    no plain data (a path, a date) becomes its text.
    """
    flat = _flat(value)
    if len(flat) + used + len(_STEP) * indent <= _WIDTH or not isinstance(value, Mapping | list):
        return flat
    inner, outer = _STEP * (indent + 1), _STEP * indent
    if isinstance(value, Mapping):
        lines = [
            f"{inner}{_flat(key)}: {literal(item, indent + 1, len(_flat(key)) + 3)},"
            for key, item in _sorted(value)
        ]
        return "\n".join(("{", *lines, f"{outer}}}"))
    lines = [f"{inner}{literal(item, indent + 1, 1)}," for item in value]
    return "\n".join(("[", *lines, f"{outer}]"))


def _flat(value: Any) -> str:
    if value is None or isinstance(value, bool | int | float):
        return repr(value)
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{_flat(k)}: {_flat(v)}' for k, v in _sorted(value))}}}"
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return f"[{', '.join(map(_flat, value))}]"
    return json.dumps(str(value), ensure_ascii=False)


def _sorted(value: Mapping[Any, Any]) -> list[tuple[Any, Any]]:
    return sorted(value.items(), key=lambda item: str(item[0]))
