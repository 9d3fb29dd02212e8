"""Panels as text: braille where the terminal has it, ASCII where not, colours where it shows them.

Nothing is told by colour alone: a panel that several cards share names its lines above it.
"""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from deeprig.cooling.canvas import Canvas
from deeprig.drawing import palette
from deeprig.drawing.plot import Axis, Line, Panel, Reference

NARROWEST, WIDEST = 40, 110
_LABEL = 6
_SIGNS = {"solid": "*", "dashed": "o", "dots": "."}
_BRAILLE_SIGNS = {"solid": "\u2501\u2501", "dashed": "\u254d\u254d", "dots": "\u28ff"}
_BARS = "▁▂▃▄▅▆▇█"
_ASCII_BARS = "_.-=+*%#"


def panel_lines(
    panel: Panel, columns: int, rows: int, *, has_braille: bool = True
) -> Iterator[Text]:
    """Yield the lines of one panel: title, names, diagram, axis."""
    yield Text(panel.title, style="bold")
    yield from _names(panel, columns, has_braille=has_braille)
    canvas = Canvas(columns - _LABEL - 2, rows, has_braille)
    for reference in panel.references:
        _draw_reference(canvas, reference, panel)
    for line in sorted(panel.lines, key=lambda line: line.style != "dots"):
        _draw(canvas, line, panel)
    wall, corner, floor = ("\u2502", "\u2514", "\u2500") if has_braille else ("|", "+", "-")
    labels = _labels_down(panel.y, rows)
    if not has_braille:
        labels = {row: _ascii(label) for row, label in labels.items()}
    for row in range(rows):
        text = Text(f"{labels.get(row, ''):>{_LABEL}} {wall}", no_wrap=True)
        yield text.append_text(canvas.text_of(row))
    yield Text(f"{'':>{_LABEL}} {corner}{floor * canvas.columns}")
    yield Text(
        f"{'':>{_LABEL}}  {_labels_across(panel.x, canvas.columns, has_braille=has_braille)}"
    )


def sparkline(
    values: tuple[float | None, ...], low: float, high: float, *, has_blocks: bool = True
) -> str:
    """Return one sign for each value, from the lowest bar to the highest; a gap is a blank."""
    bars = _BARS if has_blocks else _ASCII_BARS
    span = max(high - low, 1e-9)
    return "".join(
        " "
        if value is None
        else bars[min(len(bars) - 1, max(0, int((value - low) / span * len(bars))))]
        for value in values
    )


def _names(panel: Panel, columns: int, *, has_braille: bool) -> Iterator[Text]:
    """Yield the legend: each line's and reference's name with its sign, in lines of the width."""
    text = Text()
    for sign, style, name in _entries(panel, has_braille=has_braille):
        entry = Text("  ").append(f"{sign} ", style=style).append(name)
        if len(text) and len(text) + len(entry) > columns:
            yield text
            text = Text()
        text.append_text(entry)
    if len(text):
        yield text


def _entries(panel: Panel, *, has_braille: bool) -> Iterator[tuple[str, str, str]]:
    """Yield sign, style and name of what a panel shows."""
    for line in panel.lines:
        sign = (_BRAILLE_SIGNS if has_braille else _SIGNS)[line.style]
        yield sign, palette.of_terminal(line.colour), line.name
    for reference in panel.references:
        axis = panel.x if reference.along == "x" else panel.y
        sign = "\u2508\u2508" if has_braille else "-" if reference.along == "y" else "|"
        told = f"{reference.name} {reference.value:g} {axis.unit}".rstrip()
        yield sign, _style(reference), told if has_braille else _ascii(told)


def _ascii(text: str) -> str:
    return text.replace("\N{MINUS SIGN}", "-").replace("\N{DEGREE SIGN}", "")


def _style(reference: Reference) -> str:
    return "red" if reference.is_limit else "dim"


def _draw(canvas: Canvas, line: Line, panel: Panel) -> None:
    style, sign = palette.of_terminal(line.colour), _SIGNS[line.style]
    before: tuple[int, int] | None = None
    for point in line.points:
        place = None if point is None else _place(canvas, point, panel)
        if place is not None:
            is_joined = before is not None and line.style != "dots"
            canvas.line(before if is_joined and before else place, place, sign, style)
        before = place


def _draw_reference(canvas: Canvas, reference: Reference, panel: Panel) -> None:
    style = _style(reference)
    if reference.along == "y":
        y = _place(canvas, (panel.x.low, reference.value), panel)[1]
        for x in range(0, canvas.width, 3):
            canvas.dot(x, y, "-", style)
    else:
        x = _place(canvas, (reference.value, panel.y.low), panel)[0]
        for y in range(0, canvas.height, 2):
            canvas.dot(x, y, "|", style)


def _place(canvas: Canvas, point: tuple[float, float], panel: Panel) -> tuple[int, int]:
    x = round(panel.x.share(point[0]) * (canvas.width - 1))
    y = round((1 - panel.y.share(point[1])) * (canvas.height - 1))
    return x, y


def _labels_down(axis: Axis, rows: int) -> dict[int, str]:
    """Return a label for some rows; the unit stands with the highest."""
    labels: dict[int, str] = {}
    for tick in reversed(axis.ticks):
        row = round((1 - axis.share(tick.value)) * (rows - 1))
        is_crowded = any(abs(row - other) < 2 for other in labels)
        if not is_crowded:
            labels[row] = f"{tick.label} {axis.unit}" if not labels else tick.label
    return labels


def _labels_across(axis: Axis, columns: int, *, has_braille: bool) -> str:
    """Return the labels below the axis, none over another; the unit stands with the last."""
    line = [" "] * columns
    free_until = columns
    for number, tick in enumerate(reversed(axis.ticks)):
        label = f"{tick.label} {axis.unit}".rstrip() if number == 0 else tick.label
        if not has_braille:
            label = _ascii(label)
        middle = round(axis.share(tick.value) * (columns - 1))
        start = max(0, min(middle - len(label) // 2, columns - len(label)))
        if start + len(label) < free_until or number == 0:
            line[start : start + len(label)] = label
            free_until = start
    return "".join(line).rstrip()
