"""The whole picture of one host: as lines for a terminal, as text of an SVG file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone

from rich.text import Text

from deeprig.cooling.declared import DeclaredCurve
from deeprig.cooling.picture import (
    Recorded,
    curve_panel,
    fan_panel,
    hottest,
    temperature_panel,
)
from deeprig.cooling.table import card_lines
from deeprig.cooling.terminal import NARROWEST, WIDEST, panel_lines
from deeprig.drawing import svg

_ROWS = 11
#: What a terminal must be able to say: a braille cell, a bar, a wall.
_SIGNS = "\u28ff\u2588\u2502"


@dataclass(frozen=True, slots=True)
class Shown:
    """What is shown: of which host or file, what it declares, what it recorded."""

    title: str
    curves: tuple[DeclaredCurve, ...]
    recorded: Recorded


def text_lines(shown: Shown, width: int, encoding: str) -> Iterator[Text]:
    """Yield the picture for a terminal of a width, in signs that its encoding has."""
    columns = min(WIDEST, max(NARROWEST, width))
    has_signs = _has_signs(encoding)
    recorded = shown.recorded
    yield Text(f"Cooling of {shown.title}", style="bold")
    yield Text(subtitle(shown), style="dim")
    one = hottest(recorded)
    panels = (
        [] if not (shown.curves or recorded.history.samples) else [curve_panel(shown.curves, one)]
    )
    if recorded.history.samples:
        panels += [temperature_panel(shown.curves, one), fan_panel(one)]
    for panel in panels:
        yield Text()
        yield from panel_lines(panel, columns, _ROWS, has_braille=has_signs)
    if recorded.history.samples:
        yield Text()
        yield from card_lines(recorded, columns, has_blocks=has_signs)


def svg_text(shown: Shown) -> str:
    """Return the picture as SVG."""
    recorded = shown.recorded
    curve = curve_panel(shown.curves, recorded)
    title = f"Cooling of {shown.title}"
    if not recorded.history.samples:
        return svg.picture(title, subtitle(shown), (((curve, 1.0),),))
    rows = (
        ((curve, 0.4), (temperature_panel(shown.curves, recorded), 0.6)),
        ((fan_panel(recorded), 1.0),),
    )
    return svg.picture(title, subtitle(shown), rows)


def subtitle(shown: Shown) -> str:
    """Return which cards, which hours, and what could not be read."""
    recorded = shown.recorded
    if not recorded.history.samples:
        return f"nothing was recorded in the last {recorded.hours:g} h"
    names = [card.name for card in recorded.cards]
    counted = [f"{names.count(name)} x {name}" for name in dict.fromkeys(names) if name]
    cards = ", ".join(counted) or f"{len(names)} card{'s' if len(names) != 1 else ''}"
    until = datetime.fromtimestamp(recorded.now, timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    told = f"{cards}; {recorded.hours:g} h until {until}"
    unreadable = recorded.history.unreadable
    return f"{told}; {unreadable} lines of the history are damaged" if unreadable else told


def _has_signs(encoding: str) -> bool:
    try:
        _SIGNS.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True
