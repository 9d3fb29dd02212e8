"""Read a history that somebody copied from a host."""

from __future__ import annotations

from pathlib import Path

from deeprig.cooling.fetch import cards_of
from deeprig.cooling.history import History, read_history
from deeprig.cooling.picture import Recorded
from deeprig.errors import UsageProblem


def read_recorded(file: Path, hours: float) -> Recorded:
    """Return the last hours of a file; they end with its last row. Raise UsageProblem."""
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise UsageProblem(error.strerror or str(error), place=str(file)) from error
    history = read_history(lines)
    if not history.samples:
        raise UsageProblem(
            "there is no row of a cooling history in it",
            place=str(file),
            remedy="it is /var/lib/deeprig/cooling/history.csv of a host with the role cooling",
        )
    now = history.samples[-1].time
    last = history.since(now - hours * 3600)
    return Recorded(History(last.samples, history.unreadable), now, hours, cards_of(last))
