"""A row per host while hosts are worked on: which are shown where there is no room for all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

#: Endings that are no trouble.
_GOOD = ("", "ok", "passed")
#: Hosts in trouble that are shown above those at work; the report tells all of them.
_MOST_IN_TROUBLE = 5
#: Lines of a terminal that are left to the shell, the summary and notes.
_KEPT_LINES = 4


@dataclass(slots=True)
class Row:
    """What a host does now. ``position`` of ``total`` operations, or good checks of all so far."""

    started: float
    text: str = "connecting"
    position: int = 0
    total: int = 0
    changed: int = 0
    ended: str = ""
    done: int = 0
    is_failed: bool = False

    @property
    def is_in_trouble(self) -> bool:
        """Say whether something failed."""
        return self.is_failed or self.ended not in _GOOD

    @property
    def is_done(self) -> bool:
        """Say whether nothing more is to come, as far as is known."""
        return bool(self.ended) or self.is_failed or 0 < self.total <= self.done

    @property
    def is_at_work(self) -> bool:
        """Say whether it is in the middle of its operations."""
        return self.position > 0 and not self.is_done


def room_of(height: int) -> int:
    """Return how many rows a terminal of so many lines has room for."""
    return max(3, height - _KEPT_LINES)


def shown_rows(rows: Mapping[str, Row], room: int) -> Sequence[tuple[str, Row]]:
    """Return the rows to show: all where there is room, else trouble first, then who is at work.

    Their order is the hosts', so that a row stays where it is while its host works.
    """
    every = list(rows.items())
    if len(every) <= room:
        return every
    trouble = [pair for pair in every if pair[1].is_in_trouble][:_MOST_IN_TROUBLE]
    busy = [pair for pair in every if pair[1].is_at_work or not pair[1].is_done]
    busy.sort(key=lambda pair: not pair[1].is_at_work)
    return [*trouble, *(pair for pair in busy if pair not in trouble)][:room]


def tally(rows: Mapping[str, Row]) -> str:
    """Return one line about all hosts: ``100 hosts: 20 at work, 61 done, 2 failed; 9 changes``."""
    counts = {
        "waiting": sum(not (row.is_at_work or row.is_done) for row in rows.values()),
        "at work": sum(row.is_at_work for row in rows.values()),
        "done": sum(row.is_done and not row.is_in_trouble for row in rows.values()),
        "in trouble": sum(row.is_in_trouble for row in rows.values()),
    }
    told = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
    total, done = (sum(getattr(row, name) for row in rows.values()) for name in ("total", "done"))
    operations = f"; {done} of {total} operations" if 0 < done <= total else ""
    changed = sum(row.changed for row in rows.values())
    changes = f", {changed} changed" if changed else ""
    return f"{len(rows)} hosts: {told}{operations}{changes}"
