"""A page of the docs whose end is generated: all that follows the line which says by what."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class GeneratedEnd:
    """The end of a page: it follows ``mark``, and ``text`` returns it."""

    page: Path
    mark: str
    text: Callable[[], str]

    def renewed(self, before: str) -> str:
        """Return the page with a new end. Raise ValueError where the page has no place for it."""
        head, mark, _ = before.partition(self.mark)
        if not mark:
            raise ValueError(f"{self.page} has no line {self.mark}")
        return f"{head}{mark}\n{self.text()}"

    def write(self) -> None:
        """Write the page anew."""
        self.page.write_text(self.renewed(self.page.read_text(encoding="utf-8")), encoding="utf-8")
