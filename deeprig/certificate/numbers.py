"""Numbers for people: as many digits as tell something, in groups that the eye can count."""

from __future__ import annotations

_NARROW_SPACE = "\N{NARROW NO-BREAK SPACE}"
_MANY = 10_000
_SMALL = 0.001


def number(value: float | None) -> str:
    """Return four digits of a number, or the whole of a large one; a dash where there is none."""
    if value is None:
        return "\N{EN DASH}"
    if abs(value) >= _MANY:
        return f"{value:,.0f}".replace(",", _NARROW_SPACE)
    if 0 < abs(value) < _SMALL:
        return f"{value:.2g}"
    return f"{value:.4g}"


def unit(name: str) -> str:
    """Return a unit as people write it: nothing for the number 1 of a share."""
    return {"1": "", "C": "\N{DEGREE SIGN}C"}.get(name, name)


def percent(value: float | None) -> str:
    """Return a difference in percent, always with its sign."""
    if value is None:
        return "\N{EN DASH}"
    rounded = round(value, 1) + 0.0  # no "-0.0"
    sign = "\N{MINUS SIGN}" if rounded < 0 else "+" if rounded > 0 else "\N{PLUS-MINUS SIGN}"
    return f"{sign}{abs(rounded):.1f} %"


def duration(seconds: float) -> str:
    """Return seconds in the two units that tell most: ``12 min 41 s``."""
    if seconds < 60:
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"
