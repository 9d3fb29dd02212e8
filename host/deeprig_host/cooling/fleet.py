"""All GPUs of the machine under the daemon: opened, turned, given back, each for itself.

What was learned of a GPU outlives the library: it may be closed and opened again at any time, when
a driver comes back or a lost card is looked for.
"""

from __future__ import annotations

from contextlib import ExitStack

from deeprig_host.cooling.card import Card
from deeprig_host.cooling.declared import Configuration
from deeprig_host.cooling.give_back import GivenBack
from deeprig_host.cooling.member import Member
from deeprig_host.cooling.roster import Roster
from deeprig_host.cooling.say import Say
from deeprig_host.gpu.library import NoNvml, gpus, nvml
from deeprig_host.gpu.lost import is_other_version, is_without_driver
from deeprig_host.machine.commands import Machine

_BAD_MODES = ("failsafe", "released", "lost")


class Fleet:
    """The GPUs of a machine and the library that reaches them."""

    def __init__(self, configuration: Configuration, say: Say, machine: Machine) -> None:
        """Begin with the library closed."""
        self._machine = machine
        self._roster = Roster(configuration, say)
        self._say = say
        self._open = ExitStack()
        self._was_open = self._has_driver = False
        #: Why the library cannot be used; empty while it can.
        self.no_library = "not opened yet"
        #: The driver was changed under us: only a new process loads its library.
        self.is_outdated = False

    @property
    def members(self) -> tuple[Member, ...]:
        """Return every GPU, also those that do not answer."""
        return self._roster.members

    @property
    def cards(self) -> tuple[Card, ...]:
        """Return the GPUs that are there."""
        return tuple(member.card for member in self.members if member.card is not None)

    @property
    def needs_opening(self) -> bool:
        """Say whether only a library that is opened anew can help."""
        return bool(self.no_library) or any(member.is_gone for member in self.members)

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
        if self.no_library:
            self._say("info", f"NVML is open, GPUs: {len(found)}")
        self._was_open, self._has_driver, self.no_library = True, True, ""
        self._roster.meet_all(found)

    def look_again(self) -> None:
        """Take up what came back by itself; the library stays open, and good cards untouched."""
        if self.no_library or all(member.card is not None for member in self.members):
            return
        try:
            found = gpus()
        except NoNvml:
            return  # the cards' own answers tell it in this turn
        self._roster.meet_missing(found)

    def close(self) -> None:
        """Close the library; nothing is given back by that."""
        for member in self.members:
            member.leave()
        self._open.close()

    def turn(self, seconds: float, stall: str) -> None:
        """Observe every GPU and order its fans. ``stall``: why no reading is believed this time."""
        for member in self.members:
            if self.no_library:
                member.absence = self.no_library
            news = member.turn(seconds, stall)
            if news:
                is_bad = member.order is not None and member.order.mode in _BAD_MODES
                self._say("warning" if is_bad else "notice", news)

    def forget_readings(self) -> None:
        """Begin anew with every GPU."""
        for member in self.members:
            member.forget_readings()

    def give_back_all(self) -> tuple[tuple[str, GivenBack], ...]:
        """Give back every fan of every GPU; no failure keeps another GPU from it."""
        if any(member.is_out_of_reach for member in self.members):
            self.reopen()
        if not self._has_driver:
            # Without its driver a card rules its fans itself.
            return ()
        return tuple((str(member), member.give_back()) for member in self.members)

    def _lose_library(self, error: NoNvml) -> None:
        reason = str(error)
        if reason != self.no_library:
            self._say("warning", f"NVML cannot be used: {reason}; tried again until it can")
        self.no_library = reason
        self._has_driver = not is_without_driver(error, self._machine)
        self.is_outdated = self._was_open and is_other_version(error)
