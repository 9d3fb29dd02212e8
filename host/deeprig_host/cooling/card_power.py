"""What a card tells of its power limit, and what it would have of the machine's power."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deeprig_host.cooling.budget import PowerNeed
from deeprig_host.gpu.answers import Unanswered, known
from deeprig_host.gpu.power import default_limit_watts, limit_range_watts, power_limit_watts


@dataclass(frozen=True, slots=True)
class CardPower:
    """The limit that is set, the one that the card comes with, and what it accepts, in watts.

    None: not told. ``refusal`` is why the range is not known.
    """

    uuid: str
    limit_watts: float | None
    default_watts: float | None
    range_watts: tuple[float, float] | None
    refusal: Unanswered | None = None

    @property
    def most_watts(self) -> float | None:
        """Return the limit that it has while nobody sets one."""
        if self.default_watts is not None or self.range_watts is None:
            return self.default_watts
        return self.range_watts[1]

    def need(self, declared_watts: int | None) -> PowerNeed | None:
        """Return what it would have: as declared, else its default. None: it cannot be limited."""
        wanted = self.default_watts if declared_watts is None else float(declared_watts)
        if self.range_watts is None or wanted is None:
            return None
        return PowerNeed(self.uuid, wanted, *self.range_watts)


def read_power(uuid: str, handle: Any) -> CardPower:
    """Ask a card."""
    limits = limit_range_watts(handle)
    return CardPower(
        uuid,
        known(power_limit_watts(handle)),
        known(default_limit_watts(handle)),
        known(limits),
        limits if isinstance(limits, Unanswered) else None,
    )


def fixed_need(name: str, watts: float) -> PowerNeed:
    """Return the need of a card that has so much whatever is decided."""
    return PowerNeed(name, watts, watts, watts)
