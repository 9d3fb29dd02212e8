"""Write plain data as YAML: always the same text for the same data, and every string quoted.

Quoted, because netplan's reader takes an unquoted 'no' or '1e3' for something else. YAML is a
superset of JSON, so JSON's form of a string or a number is YAML's too (yaml.org, 1.2, section 1.3).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

Scalar: TypeAlias = str | int | bool
Value: TypeAlias = Scalar | Sequence["Value"] | Mapping[str, "Value"]

_INDENT = "  "
_PLAIN_KEY = re.compile(r"^[A-Za-z][A-Za-z0-9_-]*$")
#: What a YAML 1.1 reader takes for a truth value or for nothing.
_NO_PLAIN_KEYS = ("y", "n", "yes", "no", "on", "off", "true", "false", "null")


def yaml_text(data: Mapping[str, Value]) -> str:
    """Return a block mapping, keys in their given order, ending with a newline."""
    return "".join(f"{line}\n" for line in _mapping(data, 0))


def _mapping(data: Mapping[str, Value], depth: int) -> Iterator[str]:
    for key, value in data.items():
        yield from _entry(f"{_INDENT * depth}{_key(key)}:", value, depth + 1)


def _entry(head: str, value: Value, depth: int) -> Iterator[str]:
    if isinstance(value, bool | int | str):
        yield f"{head} {_scalar(value)}"
    elif not value:
        yield f"{head} {'{}' if isinstance(value, Mapping) else '[]'}"
    elif isinstance(value, Mapping):
        yield head
        yield from _mapping(value, depth)
    else:
        yield head
        for item in value:
            yield from _item(item, depth)


def _item(item: Value, depth: int) -> Iterator[str]:
    if isinstance(item, bool | int | str):
        yield f"{_INDENT * depth}- {_scalar(item)}"
        return
    if not isinstance(item, Mapping) or not item:
        raise TypeError("a sequence holds scalars or mappings that are not empty")
    lines = list(_mapping(item, depth + 1))
    # The first key stands beside the dash, the others below it.
    yield f"{_INDENT * depth}- {lines[0][len(_INDENT) * (depth + 1) :]}"
    yield from lines[1:]


def _key(key: str) -> str:
    is_plain = _PLAIN_KEY.match(key) and key.lower() not in _NO_PLAIN_KEYS
    return key if is_plain else json.dumps(key)


def _scalar(value: Scalar) -> str:
    return json.dumps(value)
