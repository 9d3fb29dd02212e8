"""One host's state as its program told it, read strictly: schema ``deeprig.fleet-state/1``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from deeprig.errors import DeeprigError
from deeprig.fleet.model import Skipped, Unread
from deeprig.report.numbers import finite_number

_SCHEMA = "deeprig.fleet-state/1"
#: A clock that is further from the controller's than this is a difference.
TOLERANCE_SECONDS = 1.0
#: An answer that took so long says nothing about a second.
_WIDEST_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a host is like: values by section and key, and what is not known of it."""

    host: str
    values: Mapping[str, Mapping[str, str]]
    unread: tuple[Unread, ...]
    skipped: tuple[Skipped, ...]

    def is_known(self, section: str, key: str) -> bool:
        """Say whether the key's value is known, also if it is that there is none."""
        return not any(entry.section == section and entry.key in ("", key) for entry in self.unread)


@dataclass(frozen=True, slots=True)
class Asked:
    """When a host was asked and had answered, by the controller's clock (seconds since epoch)."""

    before: float
    after: float


def read_state(text: str, host: str, asked: Asked) -> Snapshot:
    """Return a host's answer. Raise DeeprigError where it is none."""
    try:
        told = json.loads(text)
        return _snapshot(told, host, asked)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DeeprigError(
            f"its answer is not a state that can be compared: {type(error).__name__}: {error}",
            place=host,
            remedy="please report this: the program and deeprig are of one version",
        ) from error


def _snapshot(told: Mapping[str, Any], host: str, asked: Asked) -> Snapshot:
    if told["schema"] != _SCHEMA:
        raise ValueError(f"unknown schema {told['schema']!r}")
    values = {
        str(section): {str(key): _text(value) for key, value in entries.items()}
        for section, entries in told["sections"].items()
    }
    unread = tuple(
        Unread(host, _text(one["section"]), _text(one["key"]), _text(one["why"]))
        for one in told["unknown"]
    )
    skipped = tuple(
        Skipped(host, _text(one["section"]), _text(one["why"])) for one in told["skipped"]
    )
    snapshot = Snapshot(host, values, unread, skipped)
    return _with_clock(snapshot, told["clock"], asked) if "clock" in values else snapshot


def _with_clock(snapshot: Snapshot, clock: Mapping[str, Any], asked: Asked) -> Snapshot:
    """Return the snapshot with how far the host's clock is from the controller's.

    The host read its clock after it was asked and before its answer came, so the offset lies
    between two bounds, whatever the network and the host took.
    """
    started, finished = finite_number(clock["started"]), finite_number(clock["finished"])
    if started is None or finished is None:
        raise ValueError("its clock is no number")
    low, high = finished - asked.after, started - asked.before
    if high - low > _WIDEST_SECONDS or high < low:
        why = f"the answer took {asked.after - asked.before:.1f} s, too long to compare clocks by"
        entry = Unread(snapshot.host, "clock", "offset", why)
        return replace(snapshot, unread=(*snapshot.unread, entry))
    said = _offset(low, high)
    values = {**snapshot.values, "clock": {**snapshot.values["clock"], "offset": said}}
    return replace(snapshot, values=values)


def _offset(low: float, high: float) -> str:
    if low <= TOLERANCE_SECONDS and high >= -TOLERANCE_SECONDS:
        return f"within {TOLERANCE_SECONDS:g} s of the controller, as far as can be seen"
    middle, half = (low + high) / 2, (high - low) / 2
    return f"{middle:+.1f} s from the controller (give or take {half:.1f} s)"


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r:.40} is no text")
    return value
