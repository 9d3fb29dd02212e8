"""The panels of one host: the declared curves with what was measured, temperatures, fan speeds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

from deeprig.cooling.curve import percent_at
from deeprig.cooling.declared import DeclaredCurve
from deeprig.cooling.history import History, Sample
from deeprig.drawing import palette
from deeprig.drawing.plot import Axis, Line, Panel, Points, Reference, axis, past_axis, thinned

_COLDEST, _HOTTEST = 20.0, 100.0
#: A line is broken where so many times the usual distance between two samples has no sample.
_GAP = 5
_MOST_POINTS = 600
_MOST_DOTS = 400
_HOTTEST_CARD = "hottest"


@dataclass(frozen=True, slots=True)
class Card:
    """A card as the daemon's status names it; ``slowdown_c`` None where it does not tell."""

    uuid: str
    label: str
    slowdown_c: float | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a host recorded, until ``now`` (Unix seconds), and its cards in their order."""

    history: History
    now: float
    hours: float
    cards: tuple[Card, ...]


def curve_panel(curves: tuple[DeclaredCurve, ...], recorded: Recorded | None) -> Panel:
    """Return fan speed over temperature: declared as lines, measured as dots."""
    lines = [_curve_line(number, curve) for number, curve in enumerate(curves)]
    if recorded is not None:
        dots = tuple(
            (sample.temperature_c, sample.fan_percent)
            for sample in recorded.history.samples
            if sample.temperature_c is not None and sample.fan_percent is not None
        )
        lines.append(Line("measured", _spread(dots), palette.ALL_CARDS, "dots"))
    targets = dict.fromkeys(c.target_c for c in curves if c.target_c is not None)
    references = tuple(Reference("target", target, "x") for target in targets)
    x = axis("temperature", "\N{DEGREE SIGN}C", _COLDEST, _HOTTEST)
    return Panel("Fan curve", x, _percent(), tuple(lines), references)


def temperature_panel(curves: tuple[DeclaredCurve, ...], recorded: Recorded) -> Panel:
    """Return each card's temperature over time, with the targets and the lowest slowdown."""
    lines = _lines(recorded, "temperature_c")
    references = [
        Reference("target", target, "y")
        for target in dict.fromkeys(c.target_c for c in curves if c.target_c is not None)
    ]
    slowdowns = [card.slowdown_c for card in recorded.cards if card.slowdown_c is not None]
    if slowdowns:
        references.append(Reference("cards slow down at", min(slowdowns), "y", is_limit=True))
    values = [p[1] for line in lines for p in line.points if p is not None]
    values += [reference.value for reference in references]
    low, high = min((30.0, *values)), max((80.0, *values))
    y = axis("temperature", "\N{DEGREE SIGN}C", low, high + 2)
    return Panel("Temperature", past_axis(recorded.hours), y, lines, tuple(references))


def fan_panel(recorded: Recorded) -> Panel:
    """Return each card's fan speed over time."""
    return Panel(
        "Fan speed", past_axis(recorded.hours), _percent(), _lines(recorded, "fan_percent")
    )


def hottest(recorded: Recorded) -> Recorded:
    """Return at each moment the hottest card alone, for where lines cannot be told apart.

    A machine with one card stays as it is.
    """
    if len(recorded.cards) < 2:
        return recorded
    at: dict[float, Sample] = {}
    for sample in recorded.history.samples:
        other = at.get(sample.time)
        if other is None or _heat(sample) > _heat(other):
            at[sample.time] = sample
    samples = tuple(replace(sample, uuid=_HOTTEST_CARD) for sample in at.values())
    slowdowns = [card.slowdown_c for card in recorded.cards if card.slowdown_c is not None]
    card = Card(_HOTTEST_CARD, "hottest card", min(slowdowns, default=None))
    return replace(recorded, history=History(samples), cards=(card,))


def _heat(sample: Sample) -> float:
    return -1.0 if sample.temperature_c is None else sample.temperature_c


def _curve_line(number: int, declared: DeclaredCurve) -> Line:
    """Return a curve from end to end of the axis: it is level below its first point."""
    ends = (_COLDEST, *(float(p.temperature_c) for p in declared.curve), _HOTTEST)
    inside = sorted({t for t in ends if _COLDEST <= t <= _HOTTEST})
    points = tuple((t, percent_at(declared.curve, t)) for t in inside)
    name = "declared" if number == 0 else f"declared for {declared.cards}"
    return Line(name, points, palette.DECLARED, "solid" if number == 0 else "dashed")


def _lines(recorded: Recorded, quantity: str) -> tuple[Line, ...]:
    return tuple(
        Line(card.label, thinned(_points(recorded, card.uuid, quantity), _MOST_POINTS), number)
        for number, card in enumerate(recorded.cards)
    )


def _points(recorded: Recorded, uuid: str, quantity: str) -> Points:
    """Return a card's values over time, with a gap where it told none or nobody asked."""
    samples = recorded.history.of(uuid)
    longest = _GAP * _usual_distance(samples)
    points: list[tuple[float, float] | None] = []
    before: float | None = None
    for sample in samples:
        value: float | None = getattr(sample, quantity)
        if before is not None and sample.time - before > longest:
            points.append(None)
        points.append(None if value is None else (sample.time - recorded.now, value))
        before = sample.time
    return tuple(points)


def _usual_distance(samples: tuple[Sample, ...]) -> float:
    times = [sample.time for sample in samples]
    distances = [after - before for before, after in pairwise(times)]
    return median(distances) if distances else 0.0


def _spread(dots: tuple[tuple[float, float], ...]) -> Points:
    """Return dots without repetitions, and of too many every n-th."""
    single = tuple(dict.fromkeys(dots))
    every = 1 + len(single) // _MOST_DOTS
    return single[::every]


def _percent() -> Axis:
    return axis("fan speed", "%", 0, 100)
