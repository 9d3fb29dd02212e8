"""A documentation page with a table of faults: rows that tests saw, never written by hand."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class FaultPage:
    """A page, the text above its table, and its columns. ``name`` is that of both its files."""

    name: str
    head: str
    columns: tuple[str, ...]

    @property
    def path(self) -> Path:
        """Return the page."""
        return ROOT / "docs" / f"{self.name}.md"

    @property
    def seen(self) -> Path:
        """Return the file that keeps the rows of the last test run."""
        return ROOT / "build" / f"{self.name}.json"

    def save(self, rows: list[dict[str, Any]]) -> None:
        """Keep the rows of a test run."""
        self.seen.parent.mkdir(exist_ok=True)
        self.seen.write_text(json.dumps(rows, indent=2), encoding="utf-8")

    def load(self) -> list[dict[str, Any]]:
        """Return the rows that were kept; none before the first run."""
        if not self.seen.is_file():
            return []
        rows: list[dict[str, Any]] = json.loads(self.seen.read_text(encoding="utf-8"))
        return rows

    def write(self, lines: Iterable[str]) -> None:
        """Write the page with these lines of the table."""
        table = [line_of(self.columns), f"|{'---|' * len(self.columns)}", *lines]
        self.path.write_text(self.head + "\n".join(table) + "\n", encoding="utf-8")

    def lines(self) -> tuple[str, ...]:
        """Return the lines of the page's table, without its heading."""
        text = self.path.read_text(encoding="utf-8")
        return tuple(line for line in text.splitlines() if line.startswith("|"))[2:]


def line_of(cells: Iterable[str]) -> str:
    """Return a row of a Markdown table."""
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
