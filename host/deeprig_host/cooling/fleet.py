"""All GPUs of the machine under the daemon: opened, observed, ordered, given back, each for itself.

What was learned of a GPU outlives the library: it may be closed and opened again at any time, when
a driver comes back or a lost card is looked for.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field

from deeprig_host.cooling.card import Card, take_up
from deeprig_host.cooling.control import Reading, effective_target_c
from deeprig_host.cooling.declared import Configuration
from deeprig_host.cooling.give_back import GivenBack
from deeprig_host.cooling.govern import GpuState, Order, govern, watch
from deeprig_host.cooling.say import Say
from deeprig_host.cooling.trust import Fault, Trust
from deeprig_host.gpu.answers import Unanswered
from deeprig_host.gpu.library import Gpu, NoNvml, gpus, nvml
from deeprig_host.gpu.lost import is_other_version


@dataclass(slots=True)
class Member:
    """A GPU that was seen since the daemon began; ``card`` is None while it is gone."""

    uuid: str
    index: int
    name: str
    address: str = ""
    card: Card | None = None
    state: GpuState = field(default_factory=GpuState)
    observed: Reading | Fault | None = None
    order: Order | None = None
    is_taken: bool = False
    absence: str = "it is not there"

    def __str__(self) -> str:
        return f"GPU {self.index} ({self.name}, {self.uuid})"


class Fleet:
    """The GPUs of a machine. ``members`` are in the order of their index."""

    def __init__(self, configuration: Configuration, say: Say) -> None:
        """Begin with the library closed."""
        self._configuration = configuration
        self._say = say
        self._open = ExitStack()
        self._by_uuid: dict[str, Member] = {}
        self._unnamed: dict[int, Member] = {}
        self._said: set[str] = set()
        #: Why the library cannot be used; empty while it can.
        self.no_library = "not opened yet"
        #: The driver was changed under us: only a new process loads its library.
        self.is_outdated = False
        self._was_open = False

    @property
    def members(self) -> tuple[Member, ...]:
        """Return every GPU, also those that do not answer."""
        found = (*self._by_uuid.values(), *self._unnamed.values())
        return tuple(sorted(found, key=lambda member: member.index))

    @property
    def cards(self) -> tuple[Card, ...]:
        """Return the GPUs that are there."""
        return tuple(member.card for member in self.members if member.card is not None)

    @property
    def needs_opening(self) -> bool:
        """Say whether only a library that is opened anew can help."""
        return bool(self.no_library) or any(map(_is_gone, self.members))

    def reopen(self) -> None:
        """Open the library, closing it first where it is open, and look for the GPUs anew."""
        self.close()
        try:
            self._open.enter_context(nvml())
            found = gpus()
        except NoNvml as error:
            self._open.close()
            self._lose_library(error)
            return
        self._was_open = True
        if self.no_library:
            self._say("info", f"NVML is open, GPUs: {len(found)}")
        self.no_library = ""
        before, self._unnamed = self._unnamed, {}
        for index, gpu in enumerate(found):
            self._meet(index, gpu, before.get(index))
        self._tell_strangers()

    def close(self) -> None:
        """Close the library; nothing is given back by that."""
        for member in self._by_uuid.values():
            if member.card is not None:
                member.is_taken = member.card.is_taken
            member.card = None
        self._open.close()

    def turn(self, seconds: float, stall: str) -> None:
        """Observe every GPU and order its fans. ``stall``: why no reading is believed this time."""
        for member in self.members:
            self._turn(member, seconds, stall)

    def forget_readings(self) -> None:
        """Begin anew with every GPU: what was read before a suspend says nothing about now."""
        for member in self._by_uuid.values():
            member.state = GpuState()

    def give_back_all(self) -> tuple[tuple[str, GivenBack], ...]:
        """Give back every fan of every GPU; no failure keeps another GPU from it."""
        if any(member.is_taken and member.card is None for member in self.members):
            self.reopen()
        return tuple((str(member), self._give_back(member)) for member in self.members)

    def _give_back(self, member: Member) -> GivenBack:
        if member.card is not None:
            return member.card.give_back()
        if member.is_taken and not self.no_library:
            return GivenBack("stuck", member.absence)
        # Without its driver a card rules its fans itself.
        return GivenBack("none")

    def _turn(self, member: Member, seconds: float, stall: str) -> None:
        card, before = member.card, member.order
        if card is None:
            member.observed = Fault(self.no_library or member.absence, is_lost=True)
            # Once it is back, it has to be good for a while.
            member.state = GpuState(Trust("released", reason="it was gone"))
            member.order = Order(None, "lost", member.observed.reason)
        else:
            observed = card.observe()
            if stall and isinstance(observed, Reading):
                observed = Fault(stall)
            member.observed = observed
            member.order = self._order(member, card, observed, seconds)
            card.carry_out(member.order)
        self._tell(member, before)

    def _order(
        self, member: Member, card: Card, observed: Reading | Fault, seconds: float
    ) -> Order:
        if card.watch_reason:
            return watch(observed, card.watch_reason)
        order, member.state = govern(observed, card.settings, card.range, member.state, seconds)
        return order

    def _tell(self, member: Member, before: Order | None) -> None:
        """Say what changed about a GPU: not every temperature, but every mode."""
        order = member.order
        if order is None or (before is not None and before.mode == order.mode):
            return
        is_bad = order.mode in ("failsafe", "released", "lost")
        self._say("warning" if is_bad else "notice", f"{member}: {order.mode}: {order.reason}")

    def _meet(self, index: int, gpu: Gpu | Unanswered, before: Member | None) -> None:
        if isinstance(gpu, Unanswered):
            self._miss(index, gpu, before)
            return
        member = self._by_uuid.setdefault(gpu.uuid, Member(gpu.uuid, gpu.index, gpu.name))
        member.index, member.address = gpu.index, gpu.address
        settings = self._configuration.settings_of(gpu.uuid, gpu.address, gpu.index)
        card = take_up(gpu, settings, member.is_taken)
        if isinstance(card, Unanswered):
            member.absence = str(card)
            return
        member.card = card
        self._tell_target(member, card)

    def _miss(self, index: int, said: Unanswered, before: Member | None) -> None:
        """Note a GPU that cannot even be named; one that was known at this index is that one."""
        known = [member for member in self._by_uuid.values() if member.index == index]
        if not known:
            known = [before or Member("", index, "GPU without a name")]
            self._unnamed[index] = known[0]
        for member in known:
            member.absence = str(said)

    def _tell_target(self, member: Member, card: Card) -> None:
        settings = card.settings
        target_c = effective_target_c(settings, card.limits.slowdown_c)
        if target_c != settings.target_c:
            self._once(
                f"{member}: it slows down at {card.limits.slowdown_c} C: its target is"
                f" {target_c} C, not {settings.target_c} C"
            )

    def _tell_strangers(self) -> None:
        """Say which sections of the configuration name a GPU that this machine has not."""
        cards = [member.card.gpu for member in self._by_uuid.values() if member.card is not None]
        named = {name for gpu in cards for name in (gpu.uuid.lower(), gpu.address, str(gpu.index))}
        for name in sorted(set(self._configuration.gpus) - named):
            self._once(f"[gpu {name}] in the configuration: no GPU of this machine is called so")

    def _once(self, text: str) -> None:
        """Say a warning the first time only: the library may be opened again any time."""
        if text not in self._said:
            self._said.add(text)
            self._say("warning", text)

    def _lose_library(self, error: NoNvml) -> None:
        reason = str(error)
        if reason != self.no_library:
            self._say("warning", f"NVML cannot be used: {reason}; tried again until it can")
        self.no_library = reason
        self.is_outdated = self._was_open and is_other_version(error)


def _is_gone(member: Member) -> bool:
    """Say whether a GPU is lost, or does not answer for so long that it was given up."""
    seen = member.observed
    is_given_up = member.state.trust.phase == "released"
    return member.card is None or (isinstance(seen, Fault) and (seen.is_lost or is_given_up))
