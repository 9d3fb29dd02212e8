"""Numbers that somebody else wrote, such as a host: one that nobody can count with is none."""

from __future__ import annotations

import math


def finite_number(value: object) -> float | None:
    """Return a number of a JSON value as a float, and None for whatever is no finite number.

    True and false are no numbers. Python reads integers of any length from JSON, and ``1e999`` as
    infinity: what is beyond a float is no number either, and never an OverflowError later.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None
