"""One GPU for as long as the daemon lives: there or gone, observed and ordered a turn at a time."""

from __future__ import annotations

from dataclasses import dataclass, field

from deeprig_host.cooling.card import Card
from deeprig_host.cooling.give_back import GivenBack
from deeprig_host.cooling.govern import GpuState, Order, govern, watch
from deeprig_host.cooling.reading import Reading
from deeprig_host.cooling.trust import Fault, Trust

NOT_THERE = "it is not there"


@dataclass(slots=True)
class Member:
    """A GPU that was seen since the daemon began; ``card`` is None while it is gone.

    ``earlier`` is the card before it went: what it had, and what was ours. ``absence`` says why it
    is not there.
    """

    uuid: str
    index: int
    name: str
    address: str = ""
    card: Card | None = None
    earlier: Card | None = None
    absence: str = NOT_THERE
    state: GpuState = field(default_factory=GpuState)
    observed: Reading | Fault | None = None
    order: Order | None = None

    def __str__(self) -> str:
        return f"GPU {self.index} ({self.name}, {self.uuid})"

    @property
    def is_gone(self) -> bool:
        """Say whether it is lost, or does not answer for so long that it was given up."""
        seen = self.observed
        is_given_up = self.state.trust.phase == "released"
        return self.card is None or (isinstance(seen, Fault) and (seen.is_lost or is_given_up))

    @property
    def is_out_of_reach(self) -> bool:
        """Say whether fans of it were taken by us and it is not there to be given them back."""
        return self.card is None and self.earlier is not None and self.earlier.is_taken

    def leave(self) -> None:
        """Let go of the card: the library is closed."""
        self.earlier = self.card or self.earlier
        self.card = None

    def forget_readings(self) -> None:
        """Begin anew: what was read before a suspend says nothing about now."""
        self.state = GpuState()

    def turn(self, seconds: float, stall: str) -> str:
        """Observe and order once; return what is new: nothing for a temperature, every mode.

        ``stall``: why no reading is believed this time.
        """
        before = self.order
        self.order = self._gone() if self.card is None else self._cool(self.card, seconds, stall)
        is_new = before is None or before.mode != self.order.mode
        return f"{self}: {self.order.mode}: {self.order.reason}" if is_new else ""

    def give_back(self) -> GivenBack:
        """Give back every fan that was taken."""
        if self.card is not None:
            return self.card.give_back()
        return GivenBack("stuck", self.absence) if self.is_out_of_reach else GivenBack("none")

    def _gone(self) -> Order:
        self.observed = Fault(self.absence, is_lost=True)
        # Once it is back, it has to be good for a while.
        self.state = GpuState(Trust("released", reason="it was gone"))
        return Order(None, "lost", self.absence)

    def _cool(self, card: Card, seconds: float, stall: str) -> Order:
        observed = card.observe()
        if stall and isinstance(observed, Reading):
            observed = Fault(stall)
        self.observed = observed
        if card.watch_reason:
            return watch(observed, card.watch_reason)
        order, self.state = govern(observed, card.settings, card.range, self.state, seconds)
        card.carry_out(order)
        return order
