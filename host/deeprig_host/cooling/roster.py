"""Which GPUs there are: met again by their UUID, missing, or named wrongly by the configuration."""

from __future__ import annotations

from deeprig_host.cooling.card import Card, take_up
from deeprig_host.cooling.control import effective_target_c
from deeprig_host.cooling.declared import Configuration
from deeprig_host.cooling.member import NOT_THERE, Member
from deeprig_host.cooling.say import Say
from deeprig_host.gpu.answers import Unanswered
from deeprig_host.gpu.library import Gpu


class Roster:
    """Every GPU that was seen since the daemon began."""

    def __init__(self, configuration: Configuration, say: Say) -> None:
        """Begin knowing none."""
        self._configuration = configuration
        self._say = say
        self._by_uuid: dict[str, Member] = {}
        self._unnamed: dict[int, Member] = {}
        self._said: set[str] = set()

    @property
    def members(self) -> tuple[Member, ...]:
        """Return every GPU in the order of the indices, also those that do not answer."""
        found = (*self._by_uuid.values(), *self._unnamed.values())
        return tuple(sorted(found, key=lambda member: member.index))

    def meet_all(self, found: tuple[Gpu | Unanswered, ...]) -> None:
        """Take up every GPU that a library which was just opened has."""
        before, self._unnamed = self._unnamed, {}
        for member in self._by_uuid.values():
            member.absence = NOT_THERE
        for index, gpu in enumerate(found):
            if isinstance(gpu, Unanswered):
                self._miss(index, gpu, before.get(index))
            else:
                self._meet(gpu)
        self._tell_strangers()

    def meet_missing(self, found: tuple[Gpu | Unanswered, ...]) -> None:
        """Take up what came back by itself; those that are there are not touched."""
        there = {member.uuid for member in self._by_uuid.values() if member.card is not None}
        for gpu in found:
            if isinstance(gpu, Gpu) and gpu.uuid not in there:
                self._unnamed.pop(gpu.index, None)
                self._meet(gpu)

    def _meet(self, gpu: Gpu) -> None:
        member = self._by_uuid.setdefault(gpu.uuid, Member(gpu.uuid, gpu.index, gpu.name))
        member.index, member.address = gpu.index, gpu.address
        settings = self._configuration.settings_of(gpu.uuid, gpu.address, gpu.index)
        card = take_up(gpu, settings, member.earlier)
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
        declared_c = card.settings.target_c
        target_c = effective_target_c(card.settings, card.limits.slowdown_c)
        if target_c != declared_c:
            self._once(
                f"{member}: it slows down at {card.limits.slowdown_c} C: its target is"
                f" {target_c} C, not {declared_c} C"
            )

    def _tell_strangers(self) -> None:
        """Say which sections of the configuration name a GPU that this machine has not."""
        named = {
            name
            for member in self.members
            for name in (member.uuid.lower(), member.address, str(member.index))
        }
        for name in sorted(set(self._configuration.gpus) - named):
            self._once(f"[gpu {name}] in the configuration: no GPU of this machine is called so")

    def _once(self, text: str) -> None:
        """Say a warning the first time only: the library may be opened again any time."""
        if text not in self._said:
            self._said.add(text)
            self._say("warning", text)
