"""How often a controller waited for a host's answer."""

from __future__ import annotations

from dataclasses import dataclass

from pyinfra.api.host import Host


@dataclass(slots=True)
class RoundTrips:
    """Counts of one host: ``frames`` carried ``questions``; the rest went one by one.

    ``lines`` were opened, ``held`` are those of the lock that a run takes and gives back.
    ``without_line`` is why no line could be had, or kept.
    """

    held: int = 0
    lines: int = 0
    frames: int = 0
    questions: int = 0
    commands: int = 0
    transfers: int = 0
    without_line: str | None = None

    @property
    def total(self) -> int:
        """Return the round trips of commands; those of connecting itself are not among them."""
        return self.held + self.lines + self.frames + self.commands + self.transfers


def trips_of(host: Host) -> RoundTrips | None:
    """Return a host's counts; None where its connector keeps none."""
    return getattr(getattr(host, "connector", None), "trips", None)
