"""A table where it fits; on a narrower terminal a block for each row, with nothing cut."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.text import Text

from deeprig.report.screen import Column, Screen

#: Between two columns of a table.
_GAP = 3


def show_table(
    columns: Sequence[Column], rows: Sequence[Sequence[Text]], screen: Screen, verdict: int
) -> None:
    """Print rows whose first two cells are host and repository; ``verdict`` is how it stands."""
    if not (screen.console.is_terminal and _width(columns, rows) > screen.console.width):
        screen.table(columns, rows)
        return
    longest = max(len(column.name) for column in columns)
    for row in rows:
        head = screen.text(f"{row[0].plain} {row[1].plain}: ", "bold")
        screen.line(head, row[verdict])
        for number, column in enumerate(columns):
            if number not in (0, 1, verdict):
                name = f"{column.name.lower():<{longest}}  "
                screen.indented(Text.assemble(screen.text(name), row[number]))


def _width(columns: Sequence[Column], rows: Sequence[Sequence[Text]]) -> int:
    """Return how many cells the table takes."""
    widths = (
        max((cell_len(column.name), *(cell_len(row[number].plain) for row in rows)))
        for number, column in enumerate(columns)
    )
    return sum(widths) + _GAP * (len(columns) - 1)
