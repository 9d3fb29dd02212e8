"""Keep the declared power limits set: at the start, and again whenever they drifted.

A limit is lost with the driver: a reload, or a card that nobody holds open.
"""

from __future__ import annotations

from deeprig_host.cooling.budget import BudgetTooSmall, PowerNeed, least, share_out
from deeprig_host.cooling.card import Card
from deeprig_host.cooling.declared import Configuration
from deeprig_host.cooling.say import Say
from deeprig_host.gpu.answers import Unanswered, known
from deeprig_host.gpu.power import (
    default_limit_watts,
    limit_range_watts,
    power_limit_watts,
    set_power_limit,
)

#: A limit that differs by less is the same one, rounded by the card.
_SAME_WATTS = 0.5


class PowerLimits:
    """The limits of a machine's GPUs; a GPU that is lost keeps its share of the budget."""

    def __init__(self, configuration: Configuration, say: Say) -> None:
        """Begin knowing no card."""
        self._configuration = configuration
        self._say = say
        self._needs: dict[str, PowerNeed] = {}
        self._said: set[str] = set()

    def keep(self, cards: tuple[Card, ...]) -> None:
        """Have every card's limit as declared. What cannot be set is said once, and tried again."""
        for card in cards:
            self._learn(card)
        wanted = self._wanted()
        for card in cards:
            if card.gpu.uuid in wanted:
                self._set(card, wanted[card.gpu.uuid])

    def _learn(self, card: Card) -> None:
        declared = card.settings.power_limit_watts
        if declared is None and self._configuration.budget_watts is None:
            return
        limits = limit_range_watts(card.gpu.handle)
        default = default_limit_watts(card.gpu.handle)
        if isinstance(limits, Unanswered) or (declared is None and isinstance(default, Unanswered)):
            self._once(f"GPU {card.gpu.index} ({card.gpu.name}): its power cannot be limited")
            self._reserve(card)
            return
        wanted = known(default) if declared is None else float(declared)
        need = PowerNeed(card.gpu.uuid, wanted or limits[1], *limits)
        self._needs[card.gpu.uuid] = need
        if declared is not None and need.within_watts != declared:
            self._once(
                f"GPU {card.gpu.index} ({card.gpu.name}): {declared} W is not within the"
                f" {limits[0]:g} to {limits[1]:g} W that it accepts"
            )

    def _reserve(self, card: Card) -> None:
        """Count what a card may take that cannot be limited: the others share the rest."""
        fixed = known(power_limit_watts(card.gpu.handle))
        if fixed is not None:
            self._needs[card.gpu.uuid] = PowerNeed(card.gpu.uuid, fixed, fixed, fixed)

    def _wanted(self) -> dict[str, int]:
        needs = tuple(self._needs.values())
        try:
            return share_out(needs, self._configuration.budget_watts)
        except BudgetTooSmall as error:
            self._once(f"{error}: every GPU is held at its least")
            return least(needs)

    def _set(self, card: Card, watts: int) -> None:
        now = known(power_limit_watts(card.gpu.handle))
        if now is not None and abs(now - watts) < _SAME_WATTS:
            return
        name = f"GPU {card.gpu.index} ({card.gpu.name})"
        refusal = set_power_limit(card.gpu.handle, watts)
        if refusal is not None:
            self._once(f"{name}: its power limit of {watts} W cannot be set: {refusal}")
            return
        before = "unknown" if now is None else f"{now:g} W"
        self._say("notice", f"{name}: power limit {watts} W, was {before}")

    def _once(self, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            self._say("warning", text)
