"""The margin to the card's own slowdown: what is too near to it, whatever is declared."""

from __future__ import annotations

from deeprig_host.cooling.reading import Reading

#: So near to the card's own slowdown a fan blows at 100 %, whatever is declared; and so much
#: cooler it must be before that ends.
SLOWDOWN_MARGIN_C = 5
SLOWDOWN_RELEASE_C = 3
#: A card that does not tell its slowdown is taken for one that slows down early.
ASSUMED_SLOWDOWN_C = 90


def near_slowdown(reading: Reading, was_near: bool) -> str:
    """Return what is too near to its limit; nothing where all have their margin."""
    if reading.is_heat_slowed:
        return "the card lowers its clocks because of heat"
    margin_c = SLOWDOWN_MARGIN_C + (SLOWDOWN_RELEASE_C if was_near else 0)
    limits = (
        ("slowdown", reading.temperature_c, reading.slowdown_c or ASSUMED_SLOWDOWN_C),
        ("the memory's limit", reading.memory_c, reading.memory_max_c),
    )
    for what, now_c, limit_c in limits:
        if now_c is not None and limit_c is not None and now_c >= limit_c - margin_c:
            return f"{now_c} C is near {what} at {limit_c} C"
    return ""
