"""A number of hosts, or a share of them: ``3`` or ``"25%"``.

Light on purpose: the options of commands import it.
"""

from __future__ import annotations

import re

_SHARE = re.compile(r"(\d{1,3})%")
_WHOLE_PERCENT = 100


def checked(value: object) -> int | str:
    """Return an amount as it was written. Raise ValueError for what is none."""
    if isinstance(value, str) and value.isdecimal():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    match = _SHARE.fullmatch(value) if isinstance(value, str) else None
    if match is None or int(match[1]) > _WHOLE_PERCENT:
        raise ValueError("it must be a number of hosts such as 3, or a share such as '25%'")
    return match[0]


def hosts_of(amount: int | str, total: int, *, least: int) -> int:
    """Return how many of ``total`` hosts an amount is: a share is rounded down, to ``least``."""
    match = _SHARE.fullmatch(str(amount))
    count = total * int(match[1]) // _WHOLE_PERCENT if match else int(amount)
    return max(count, least)
