"""How each device did under load: its start, its end, and its extremes."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

from deeprig.certificate.numbers import number, percent
from deeprig.certificate.series import Group, Series, groups_of
from deeprig.certificate.training import BURN, Training

_NONE = "\N{EN DASH}"


@dataclass(frozen=True, slots=True)
class BurnRow:
    """One device, in words; ``rate`` is its median throughput, ``heat`` its highest temperature."""

    device: str
    start: str
    end: str
    change: str
    hottest: str
    lowest_clock: str
    highest_power: str
    unit: str
    rate: float | None
    heat: float | None


def burn_rows(training: Training) -> tuple[BurnRow, ...]:
    """Return a row for each device of a run's burn; none where it burnt nothing."""
    groups = [group for case in training.cases if case.group == BURN for group in groups_of(case)]
    devices = dict.fromkeys(series.name for group in groups for series in group.series)
    return tuple(_row(device, groups) for device in devices)


def _row(device: str, groups: list[Group]) -> BurnRow:
    rate, unit = _find(groups, "Throughput", device)
    first, last = (rate.start_and_end() if rate else None) or (None, None)
    changed = 100 * (last - first) / first if first and last is not None else None
    heat = _values(groups, "Temperature", device)
    return BurnRow(
        device=device,
        start=_told(first, unit),
        end=_told(last, unit),
        change=percent(changed),
        hottest=_told(max(heat, default=None), "\N{DEGREE SIGN}C"),
        lowest_clock=_told(min(_values(groups, "Clock", device), default=None), "MHz"),
        highest_power=_told(max(_values(groups, "Power", device), default=None), "W"),
        unit=unit,
        rate=median(rate.values) if rate else None,
        heat=max(heat, default=None),
    )


def _find(groups: list[Group], title: str, device: str) -> tuple[Series | None, str]:
    for group in groups:
        for series in group.series:
            if group.quantity.title == title and series.name == device:
                return series, group.quantity.unit
    return None, ""


def _values(groups: list[Group], title: str, device: str) -> tuple[float, ...]:
    series, _ = _find(groups, title, device)
    return series.values if series else ()


def _told(value: float | None, unit: str) -> str:
    return _NONE if value is None else f"{number(value)} {unit}".rstrip()
