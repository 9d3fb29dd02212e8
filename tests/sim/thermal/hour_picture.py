"""The simulated hour as panels: temperature and fan of the hottest card, each controller a line."""

from __future__ import annotations

from collections.abc import Callable

from deeprig.drawing.plot import Axis, Line, Panel, Points, Reference, axis, thinned
from deeprig.drawing.svg import picture
from tests.sim.thermal.hour import HOUR_SECONDS, PROFILE, SCENARIOS, Sample, Trace

_MOST_POINTS = 300
#: The minutes in which a cold card warms up are left out: what matters happens above.
_COLDEST_C = 40
_CELSIUS = "\N{DEGREE SIGN}C"


def draw(traces: dict[str, dict[str, Trace]]) -> str:
    """Return the SVG of every scenario's traces by controller."""
    rows = [(*_panels(traces[scenario.name]),) for scenario in SCENARIOS]
    load = Panel(
        "Load of all cards",
        _minutes(),
        axis("load", "%", 0, 100),
        (Line("load", _load(), 7),),
    )
    return picture(
        "An hour of load with steps on simulated cards",
        "Simulated by tests/sim/thermal, never compared with a real card. Each line: the hottest "
        "card of the machine.",
        (*rows, ((load, 1.0),)),
    )


def _panels(traces: dict[str, Trace]) -> tuple[tuple[Panel, float], tuple[Panel, float]]:
    scenario = next(iter(traces.values())).scenario
    slowdown_c = float(scenario.machine.cards[0].values.get("maximum_operating_c", 87))
    temperature = Panel(
        _capital(scenario.title),
        _minutes(),
        axis("temperature", _CELSIUS, _COLDEST_C, 95),
        _lines(traces, _hottest),
        (
            Reference("target", scenario.target_c, "y"),
            Reference("slows down above", slowdown_c, "y", is_limit=True),
        ),
    )
    fan = Panel(
        "Fan speed", _minutes(), axis("fan speed", "%", 0, 100), _lines(traces, _fan_of_hottest)
    )
    return (temperature, 0.58), (fan, 0.42)


def _lines(traces: dict[str, Trace], value: Callable[[Sample], float | None]) -> tuple[Line, ...]:
    return tuple(
        Line(name, _points(trace, value), number)
        for number, (name, trace) in enumerate(traces.items())
    )


def _points(trace: Trace, value: Callable[[Sample], float | None]) -> Points:
    told = ((sample.seconds / 60, value(sample)) for sample in trace.samples)
    points = tuple(None if what is None else (minute, what) for minute, what in told)
    return thinned(points, _MOST_POINTS)


def _load() -> Points:
    """Return the profile's corners: thinned, its short pauses would vanish."""
    ends = [begin for begin, _ in PROFILE[1:]] + [HOUR_SECONDS]
    stretches = zip(PROFILE, ends, strict=True)
    return tuple(
        (second / 60, float(load)) for (begin, load), end in stretches for second in (begin, end)
    )


def _hottest(sample: Sample) -> float | None:
    return sample.hottest_c if sample.hottest_c >= _COLDEST_C else None


def _fan_of_hottest(sample: Sample) -> float:
    return sample.fan_percent[sample.die_c.index(sample.hottest_c)]


def _minutes() -> Axis:
    return axis("time", "min", 0, HOUR_SECONDS / 60, 7)


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
