"""What the controller asks for: which sections, and where what it manages lies on this machine."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class Order:
    """What to tell.

    ``names`` are the machine's own: in files they are written as one word, so that a file that
    differs only by them is the same everywhere. ``files`` are paths to look at beside the usual
    directories, ``prefixes`` where conda lives.
    """

    sections: tuple[str, ...]
    names: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()


def order_of(text: str) -> Order:
    """Return the order of a JSON object of lists of text. Raise ValueError for anything else."""
    told = json.loads(text)
    if not isinstance(told, dict):
        raise ValueError("it is no object")  # noqa: TRY004 - for the caller, it is bad text
    known = {field.name for field in fields(Order)}
    for key, value in told.items():
        if key not in known:
            raise ValueError(f"there is no {key!r}")
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise ValueError(f"{key} is no list of text")
    if "sections" not in told:
        raise ValueError("it names no sections")
    return Order(**{key: tuple(value) for key, value in told.items()})
