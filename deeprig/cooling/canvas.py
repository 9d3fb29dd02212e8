"""A canvas of characters: eight dots to a cell in braille, or one sign to a cell in ASCII."""

from __future__ import annotations

from dataclasses import dataclass, field

from rich.text import Text

#: Dots of a braille cell by column and row (Unicode, Braille Patterns, U+2800).
_DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
_BRAILLE = 0x2800
ACROSS, DOWN = 2, 4


@dataclass(slots=True)
class _Cell:
    dots: int = 0
    sign: str = " "
    style: str = ""


@dataclass(slots=True)
class Canvas:
    """``columns`` by ``rows`` cells. Dots count from the upper left corner.

    ``has_braille`` False draws with the given signs, for terminals that have nothing but ASCII.
    """

    columns: int
    rows: int
    has_braille: bool = True
    _cells: dict[tuple[int, int], _Cell] = field(default_factory=dict)

    @property
    def width(self) -> int:
        """Return how many dots there are across."""
        return self.columns * ACROSS

    @property
    def height(self) -> int:
        """Return how many dots there are down."""
        return self.rows * DOWN

    def dot(self, x: int, y: int, sign: str, style: str) -> None:
        """Set one dot; what lies outside is left out."""
        if not (0 <= x < self.width and 0 <= y < self.height):
            return
        cell = self._cells.setdefault((x // ACROSS, y // DOWN), _Cell())
        cell.dots |= _DOTS[x % ACROSS][y % DOWN]
        cell.sign, cell.style = sign, style

    def line(self, start: tuple[int, int], end: tuple[int, int], sign: str, style: str) -> None:
        """Draw a straight line of dots."""
        (x0, y0), (x1, y1) = start, end
        steps = max(abs(x1 - x0), abs(y1 - y0), 1)
        for n in range(steps + 1):
            x, y = x0 + (x1 - x0) * n / steps, y0 + (y1 - y0) * n / steps
            self.dot(round(x), round(y), sign, style)

    def text_of(self, row: int) -> Text:
        """Return one row of cells."""
        text = Text(no_wrap=True)
        for column in range(self.columns):
            cell = self._cells.get((column, row))
            if cell is None:
                text.append(" ")
            else:
                text.append(
                    chr(_BRAILLE + cell.dots) if self.has_braille else cell.sign, cell.style
                )
        return text
