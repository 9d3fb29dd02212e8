"""One turn of the daemon after another: observe, order, keep limits, tell. Only this loops.

Control goes by the monotonic clock alone; the time of the day is written down and never used.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deeprig_host.cooling.clock import Clock
from deeprig_host.cooling.declared import Configuration
from deeprig_host.cooling.details import describe
from deeprig_host.cooling.fleet import Fleet
from deeprig_host.cooling.limits import PowerLimits
from deeprig_host.cooling.records import Records
from deeprig_host.cooling.say import Say
from deeprig_host.cooling.stopped_fans import StoppedFans
from deeprig_host.machine.commands import Machine

_THIS_MACHINE = Machine(Path("/"))

#: Without a library it is looked for so often.
_LOOK_SECONDS = 5.0
#: With a GPU that does not answer it is opened anew after so long, and then less and less often:
#: that costs the good GPUs seconds, and one that fell off the bus comes back by a reboot only.
_REOPEN_SECONDS, _REOPEN_SELDOM_SECONDS = 30.0, 480.0
#: A limit that drifted is set again within this time.
_LIMITS_SECONDS = 30.0


def stall_seconds(interval_seconds: float) -> float:
    """Return how long a turn may be late before nothing that was read is believed."""
    return 2 * interval_seconds + 5


@dataclass(slots=True)
class _Moment:
    """When the turn before began."""

    monotonic: float
    boottime: float


class Daemon:
    """Cools every GPU, a turn at a time; ``turn`` is called every ``interval_seconds``."""

    def __init__(
        self,
        configuration: Configuration,
        clock: Clock,
        records: Records,
        say: Say,
        machine: Machine = _THIS_MACHINE,
    ) -> None:
        """Begin with nothing opened and nothing set."""
        self.interval_seconds = configuration.interval_seconds
        self.fleet = Fleet(configuration, say, machine)
        self._clock = clock
        self._records = records
        self._limits = PowerLimits(configuration, say)
        self._stopped = StoppedFans(say)
        self._say = say
        self._before: _Moment | None = None
        self._reopen_at = self._opened_at = self._limits_at = float("-inf")
        self._reopen_seconds = _REOPEN_SECONDS

    def turn(self) -> None:
        """Observe and order once. A failing GPU, disk or library raises nothing here."""
        now = _Moment(self._clock.monotonic(), self._clock.boottime())
        seconds, stall = self._elapsed(now)
        self._before = now
        self._open_where_needed(now.monotonic)
        self.fleet.turn(seconds, stall)
        if now.monotonic >= self._limits_at:
            self._limits_at = now.monotonic + _LIMITS_SECONDS
            self._limits.keep(self.fleet.members)
        document = self._document()
        self._stopped.look(document["gpus"], now.monotonic)
        self._records.note(document, now.monotonic)

    def summary(self) -> str:
        """Return how many GPUs are in which mode, for ``systemctl status``."""
        if self.fleet.no_library:
            return f"NVML cannot be used: {self.fleet.no_library}"
        modes = Counter(member.order.mode for member in self.fleet.members if member.order)
        told = [f"{count} {mode}" for mode, count in sorted(modes.items())]
        return f"GPUs: {', '.join(told) or 'none'}"

    def wait_seconds(self) -> float:
        """Return how long it is until the next turn."""
        if self._before is None:
            return 0.0
        late = self._clock.monotonic() - self._before.monotonic
        return max(0.0, self.interval_seconds - late)

    def stop(self) -> bool:
        """Give every fan back, telling of each that could not be; say whether all could."""
        given = self.fleet.give_back_all()
        for name, one in given:
            if not one.is_good:
                self._say("error", f"{name}: the fans are not automatic, {one}")
        self.fleet.close()
        return all(one.is_good for _, one in given)

    def _open_where_needed(self, now: float) -> None:
        if not self.fleet.needs_opening:
            # The next one to be lost is looked for at once.
            self._reopen_seconds = _REOPEN_SECONDS
            self._reopen_at = self._opened_at + _LOOK_SECONDS
            return
        if now < self._reopen_at:
            self.fleet.look_again()
            return
        self.fleet.reopen()
        self._opened_at = now
        if self.fleet.no_library:
            self._reopen_at = now + _LOOK_SECONDS
        else:
            self._reopen_at = now + self._reopen_seconds
            self._reopen_seconds = min(2 * self._reopen_seconds, _REOPEN_SELDOM_SECONDS)
        self._limits_at = now

    def _elapsed(self, now: _Moment) -> tuple[float, str]:
        """Return the seconds since the turn before, and why its readings are not to be believed."""
        before = self._before
        if before is None:
            return self.interval_seconds, ""
        seconds = now.monotonic - before.monotonic
        asleep = now.boottime - before.boottime - seconds
        if asleep >= 1:
            self._say("notice", f"the machine slept for {asleep:.0f} s: every GPU is begun anew")
            self.fleet.forget_readings()
        if seconds > stall_seconds(self.interval_seconds):
            self._say("warning", f"the loop stood still for {seconds:.0f} s")
            return seconds, f"the loop stood still for {seconds:.0f} s"
        return seconds, ""

    def _document(self) -> dict[str, Any]:
        return {
            "time": self._clock.unix(),
            "boottime_seconds": self._clock.boottime(),
            "interval_seconds": self.interval_seconds,
            "no_library": self.fleet.no_library or None,
            "gpus": [describe(member) for member in self.fleet.members],
        }
