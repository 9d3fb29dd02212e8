"""How far a host says that its work is: read from one line, which nobody vouches for."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from deeprig.backup.document import is_measure
from deeprig.report.numbers import finite_number
from deeprig.report.printable import printable

_LONGEST = 60
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")


@dataclass(frozen=True, slots=True)
class Far:
    """How far a work is. ``share`` is 0 to 1; None is not known, never 0."""

    repository: str = ""
    step: str = ""
    share: float | None = None
    done_bytes: int | None = None
    total_bytes: int | None = None

    @property
    def text(self) -> str:
        """Return it for people."""
        parts = [f"{self.repository}: {self.step}" if self.repository else self.step]
        if self.share is not None:
            parts.append(f"{self.share:.0%}")
        if self.done_bytes is not None:
            total = "" if self.total_bytes is None else f" of {size_text(self.total_bytes)}"
            parts.append(f"{size_text(self.done_bytes)}{total}")
        return "  ".join(parts)


def far_of(told: Any) -> Far | None:
    """Return what a JSON value says of how far it is, None where it says nothing of it."""
    if not isinstance(told, dict) or not isinstance(told.get("step"), str):
        return None
    share = finite_number(told.get("share"))
    return Far(
        _short(told.get("repository")),
        _short(told["step"]),
        share if share is not None and 0 <= share <= 1 else None,
        _size(told.get("done_bytes")),
        _size(told.get("total_bytes")),
    )


def json_line(line: str) -> dict[str, Any] | None:
    """Return the JSON object that a line is, None where it is none."""
    if not line.startswith("{"):
        return None
    try:
        told = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) else None


def size_text(size_bytes: float) -> str:
    """Return a size for people, in the unit in which it has at most four digits."""
    size = float(size_bytes)
    for unit in _UNITS[:-1]:
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} {_UNITS[-1]}"


def _short(value: Any) -> str:
    return printable(value).replace("\n", " ")[:_LONGEST] if isinstance(value, str) else ""


def _size(value: Any) -> int | None:
    return value if isinstance(value, int) and is_measure(value) and value >= 0 else None
