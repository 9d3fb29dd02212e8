"""One fault of a declaration: where, what, and how to put it right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deeprig.errors import Problem


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault at a path below ``network``; ``value`` is what was declared there."""

    path: tuple[str | int, ...]
    value: Any
    reason: str
    remedy: str

    @property
    def text(self) -> str:
        """Return reason and remedy in one sentence."""
        return f"{self.reason}: {self.remedy}"

    def problem(self, host: str) -> Problem:
        """Return it as a problem of a host's inventory data."""
        place = ".".join(("network", *(str(part) for part in self.path)))
        return Problem(f"{host}: {place}", self.reason, self.remedy)
