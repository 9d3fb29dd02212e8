"""Keep the declared power limits set: at the start, and again whenever they drifted.

A limit is lost with the driver: a reload, or a card that nobody holds open. Where any power is
declared, every limit is ours: a card without a declaration gets its own limit back, once, because
an earlier declaration may have left it another one.
"""

from __future__ import annotations

from deeprig_host.cooling.budget import BudgetTooSmall, PowerNeed, least, share_out
from deeprig_host.cooling.card import Card
from deeprig_host.cooling.card_power import CardPower, fixed_need, read_power
from deeprig_host.cooling.declared import Configuration
from deeprig_host.cooling.member import Member
from deeprig_host.cooling.say import Say
from deeprig_host.gpu.answers import known
from deeprig_host.gpu.lost import is_gone
from deeprig_host.gpu.power import power_limit_watts, set_power_limit

#: A limit that differs by less is the same one, rounded by the card.
_SAME_WATTS = 0.5


class PowerLimits:
    """The limits of a machine's GPUs; one that cannot be commanded is counted in the budget."""

    def __init__(self, configuration: Configuration, say: Say) -> None:
        """Begin knowing no card."""
        self._configuration = configuration
        self._say = say
        #: The limit that a card had when it last told one.
        self._last_watts: dict[str, float] = {}
        #: Cards that did not take the limit that they should have.
        self._refused: set[str] = set()
        #: Cards without a declaration that have their own limit again: theirs from then on.
        self._left_alone: set[str] = set()
        self._said: set[str] = set()

    def keep(self, members: tuple[Member, ...]) -> None:
        """Have every card's limit as declared. What cannot be set is said once, and tried again."""
        if not self._configuration.sets_power:
            return
        cards = {m.card.gpu.uuid: m.card for m in members if m.card is not None}
        told = {uuid: read_power(uuid, card.gpu.handle) for uuid, card in cards.items()}
        self._last_watts |= {u: p.limit_watts for u, p in told.items() if p.limit_watts is not None}
        most_watts = max((p.most_watts or 0.0 for p in told.values()), default=0.0)
        needs = {uuid: n for uuid, card in cards.items() if (n := self._need(card, told[uuid]))}
        counted = self._counted(members, needs, most_watts)
        self._try_refused(cards, needs, counted)
        self._set_all(cards, needs, counted, most_watts)

    def _need(self, card: Card, power: CardPower) -> PowerNeed | None:
        """Return what a card is to have; None where it is left alone, or cannot be limited."""
        declared = card.settings.power_limit_watts
        is_shared = self._configuration.budget_watts is not None
        is_declared = declared is not None or is_shared
        if not is_declared and card.gpu.uuid in self._left_alone:
            return None
        need = power.need(declared)
        name = _name(card)
        if need is None:
            if is_declared and not (power.refusal and is_gone(power.refusal)):
                self._once(f"{name}: its power cannot be limited")
        elif declared is not None and need.within_watts != declared:
            self._once(
                f"{name}: {declared} W is not within the {need.min_watts:g} to"
                f" {need.max_watts:g} W that it accepts"
            )
        return need

    def _counted(
        self, members: tuple[Member, ...], needs: dict[str, PowerNeed], most_watts: float
    ) -> tuple[PowerNeed, ...]:
        """Count what a card may take that nobody can limit now: the others share the rest.

        One that never told a limit is taken for one that has what the largest other comes with.
        """
        if self._configuration.budget_watts is None or not needs:
            return ()
        found = []
        for member in members:
            if member.uuid in needs:
                continue
            watts = self._last_watts.get(member.uuid, most_watts)
            found.append(fixed_need(member.uuid or f"index {member.index}", watts))
            self._once(f"{member}: the budget counts {watts:g} W for it, which cannot be limited")
        return tuple(found)

    def _try_refused(
        self, cards: dict[str, Card], needs: dict[str, PowerNeed], counted: tuple[PowerNeed, ...]
    ) -> None:
        """Try again what was refused, as if all obeyed: the sum can only become less by that."""
        if self._refused:
            wanted = self._share((*needs.values(), *counted))
            self._refused = {
                uuid
                for uuid in self._refused
                if uuid in needs and not self._set(cards[uuid], wanted[uuid])
            }

    def _set_all(
        self,
        cards: dict[str, Card],
        needs: dict[str, PowerNeed],
        counted: tuple[PowerNeed, ...],
        most_watts: float,
    ) -> None:
        """Set every limit; what a card does not give up is taken from the others."""
        last = self._last_watts
        while True:
            fixed = (fixed_need(u, last.get(u, most_watts)) for u in needs if u in self._refused)
            free = [uuid for uuid in needs if uuid not in self._refused]
            wanted = self._share((*(needs[uuid] for uuid in free), *fixed, *counted))
            # Those that are lowered first: at no moment have all of them more than the budget.
            free.sort(key=lambda uuid: wanted[uuid] - last.get(uuid, most_watts))
            refusing = next((u for u in free if not self._set(cards[u], wanted[u])), None)
            if refusing is None:
                return
            self._refused.add(refusing)

    def _share(self, needs: tuple[PowerNeed, ...]) -> dict[str, int]:
        try:
            return share_out(needs, self._configuration.budget_watts)
        except BudgetTooSmall as error:
            self._once(f"{error}: it cannot be kept, and every GPU is held at its least")
            return least(needs)

    def _set(self, card: Card, watts: int) -> bool:
        """Say whether a card has the limit now."""
        uuid, name = card.gpu.uuid, _name(card)
        now = known(power_limit_watts(card.gpu.handle))
        if now is None or abs(now - watts) >= _SAME_WATTS:
            refusal = set_power_limit(card.gpu.handle, watts)
            if refusal is not None:
                self._once(f"{name}: its power limit of {watts} W cannot be set: {refusal}")
                return False
            before = "unknown" if now is None else f"{now:g} W"
            self._say("notice", f"{name}: power limit {watts} W, was {before}")
        self._last_watts[uuid] = float(watts)
        self._left_alone.add(uuid)
        return True

    def _once(self, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            self._say("warning", text)


def _name(card: Card) -> str:
    return f"GPU {card.gpu.index} ({card.gpu.name})"
