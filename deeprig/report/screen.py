"""A console for reports: any width, any encoding, with or without a terminal.

On a terminal long text folds; in a log nothing is folded, padded or cut, so that it can be
searched. Text from hosts is never read as rich's markup and never obeyed as an escape sequence.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from deeprig.report.printable import encodable, printable

_STYLES = {
    "ok": "green",
    "passed": "green",
    "pass": "green",
    "changed": "yellow",
    "would change": "yellow",
    "failed": "bold red",
    "fail": "bold red",
    "unknown": "bold red",
    "unreachable": "bold red",
    "refused": "bold red",
    "interrupted": "yellow",
    "not applicable": "dim",
    "not run": "dim",
}
_INDENT = 4
#: Columns of text that remain however narrow a terminal is.
_NARROWEST = 10
_LOG_GAP = "   "


def style_of(status: str) -> str:
    """Return the style of an outcome or a status; none for one that needs no attention."""
    return _STYLES.get(status, "")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table. Only a column that ``folds`` gives way on a narrow terminal."""

    name: str
    is_number: bool = False
    folds: bool = False


@dataclass(frozen=True, slots=True)
class Screen:
    """Where a report is shown."""

    console: Console

    def text(self, content: str, style: str = "") -> Text:
        """Return text that this console can show, whatever a host put into it."""
        return Text(encodable(printable(content), self.console.encoding), style=style)

    def line(self, *parts: Text) -> None:
        """Print parts after one another as one line."""
        whole = Text.assemble(*parts)
        self.console.print(whole, soft_wrap=not self.console.is_terminal)

    def indented(self, text: Text, depth: int = 1) -> None:
        """Print text, of any number of lines, some steps to the right."""
        space = " " * _INDENT * depth
        if self.console.is_terminal:
            width = max(self.console.width - len(space), _NARROWEST)
            lines = text.wrap(self.console, width, overflow="fold")
        else:
            lines = text.split("\n", allow_blank=True)
        for line in lines:
            self.line(Text(space if line else ""), line)

    def table(self, columns: Sequence[Column], rows: Iterable[Sequence[Text]]) -> None:
        """Print a table; with no rows, its head."""
        if self.console.is_terminal:
            self.console.print(self._framed(columns, rows))
            return
        heads = [Text(column.name) for column in columns]
        _print_aligned(self, columns, [heads, *rows])

    def _framed(self, columns: Sequence[Column], rows: Iterable[Sequence[Text]]) -> Table:
        # rich itself takes an ASCII box where the encoding has no other.
        table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
        for column in columns:
            table.add_column(
                Text(column.name),
                justify="right" if column.is_number else "left",
                overflow="fold",
                no_wrap=not column.folds,
            )
        for row in rows:
            table.add_row(*row)
        return table


def _print_aligned(screen: Screen, columns: Sequence[Column], rows: list[Sequence[Text]]) -> None:
    widths = [max(cell_len(row[n].plain) for row in rows) for n in range(len(columns))]
    for number, row in enumerate(rows):
        cells = [
            _aligned(cell.plain, width, column.is_number)
            for cell, width, column in zip(row, widths, columns, strict=True)
        ]
        screen.line(Text(_LOG_GAP.join(cells).rstrip()))
        if number == 0:
            screen.line(Text("-" * (sum(widths) + len(_LOG_GAP) * (len(widths) - 1))))


def _aligned(text: str, width: int, is_number: bool) -> str:
    space = " " * (width - cell_len(text))
    return space + text if is_number else text + space
