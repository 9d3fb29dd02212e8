"""A line for each card: what it is, its temperatures and fan speeds in numbers and small bars."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from deeprig.cooling.history import Sample
from deeprig.cooling.picture import Recorded
from deeprig.cooling.terminal import sparkline
from deeprig.drawing import palette

_FEWEST_BARS, _MOST_BARS = 8, 40


def card_lines(recorded: Recorded, columns: int, *, has_blocks: bool = True) -> Iterator[Text]:
    """Yield two lines for each card: temperature and fan, lowest to highest, the last, the course.

    Bars of all cards have one scale, so that they compare; where there is no room there are none.
    """
    degree = "\N{DEGREE SIGN}C" if has_blocks else "C"
    heats = [s.temperature_c for s in recorded.history.samples if s.temperature_c is not None]
    scales = {
        "temperature_c": (min(heats, default=0), max(heats, default=1)),
        "fan_percent": (0, 100),
    }
    for number, card in enumerate(recorded.cards):
        yield Text(f"  {card.label} {card.name}".rstrip(), style=palette.of_terminal(number))
        samples = recorded.history.of(card.uuid)
        for quantity, name, unit in (
            ("temperature_c", "temperature", degree),
            ("fan_percent", "fan speed", "%"),
        ):
            told = f"    {name:<11} {_range(samples, quantity, unit)}"
            count = min(_MOST_BARS, columns - len(told) - 2)
            if count >= _FEWEST_BARS:
                values = _course(samples, quantity, recorded, count)
                told += "  " + sparkline(values, *scales[quantity], has_blocks=has_blocks)
            yield Text(told.rstrip(), no_wrap=True)


def _range(samples: tuple[Sample, ...], quantity: str, unit: str) -> str:
    values = [v for s in samples if (v := getattr(s, quantity)) is not None]
    if not values:
        return f"{'not known':<24}"
    told = f"{min(values):g} to {max(values):g} {unit}, last {values[-1]:g}"
    return f"{told:<24}"


def _course(
    samples: tuple[Sample, ...], quantity: str, recorded: Recorded, count: int
) -> tuple[float | None, ...]:
    """Return the highest value of each of ``count`` spans of time; None where there is none."""
    highest: list[float | None] = [None] * count
    span = recorded.hours * 3600 / count
    for sample in samples:
        value: float | None = getattr(sample, quantity)
        number = count - 1 - int((recorded.now - sample.time) / span)
        if value is None or not 0 <= number < count:
            continue
        other = highest[number]
        highest[number] = value if other is None else max(other, value)
    return tuple(highest)
