"""Who has the fans in the simulated hour: the card itself, coolgpus' published rule, our daemon."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

import pynvml
from deeprig_host.cooling.config import parse_configuration
from deeprig_host.cooling.daemon import Daemon
from deeprig_host.cooling.records import Records
from deeprig_host.machine.commands import Machine as Host


class Controller(Protocol):
    """``turn`` is called every ``interval_seconds`` of virtual time, with NVML at hand."""

    interval_seconds: float

    def turn(self, seconds: float) -> None:
        """Look at the cards and set their fans; ``seconds`` is the time."""


@dataclass(slots=True)
class Firmware:
    """Nobody: the card's own curve."""

    interval_seconds: float = 3600.0

    def turn(self, seconds: float) -> None:
        """Do nothing."""


#: coolgpus' published defaults (github.com/andyljones/coolgpus, the script's own description and
#: defaults at commit d5d081f): a line from 30 % at 55 C to 99 % at 80 C, clamped; a gap of 2 C in
#: which the speed stays; every 5 s. Written anew from that: none of its code is here.
_COLD_C, _HOT_C, _SLOW_PERCENT, _FAST_PERCENT, _GAP_C = 55, 80, 30, 99, 2


@dataclass(slots=True)
class CoolGpus:
    """coolgpus' published rule, on all fans of a card (it sets the first only)."""

    interval_seconds: float = 5.0
    _percents: dict[int, int] = field(default_factory=dict)

    def turn(self, seconds: float) -> None:
        """Keep each speed between what now and what 2 C more ask for."""
        pynvml.nvmlInit()
        for index in range(pynvml.nvmlDeviceGetCount()):
            card = pynvml.nvmlDeviceGetHandleByIndex(index)
            celsius = pynvml.nvmlDeviceGetTemperature(card, 0)
            before = self._percents.get(index, 0)
            percent = min(
                max(before, coolgpus_percent(celsius)), coolgpus_percent(celsius + _GAP_C)
            )
            if percent != before:
                self._percents[index] = percent
                for fan in range(pynvml.nvmlDeviceGetNumFans(card)):
                    pynvml.nvmlDeviceSetFanSpeed_v2(card, fan, percent)
        pynvml.nvmlShutdown()


def coolgpus_percent(celsius: float) -> int:
    """Return the published line's speed for a temperature, in whole percent."""
    share = min(max((celsius - _COLD_C) / (_HOT_C - _COLD_C), 0), 1)
    return int(_SLOW_PERCENT + (_FAST_PERCENT - _SLOW_PERCENT) * share)


_MEMORY = Path("/dev/shm")


@dataclass(slots=True)
class _Clock:
    seconds: float = 0.0

    def monotonic(self) -> float:
        return self.seconds

    def boottime(self) -> float:
        return self.seconds

    def unix(self) -> float:
        return 1_800_000_000.0 + self.seconds


class OurDaemon:
    """The real daemon of host/deeprig_host/cooling with its files under a directory."""

    def __init__(self, configuration: str, directory: Path) -> None:
        """Begin with a cooling.conf."""
        parsed = parse_configuration(configuration, "cooling.conf")
        self.interval_seconds = parsed.interval_seconds
        self.said: list[str] = []
        self._clock = _Clock()
        records = Records(Host(root=directory), parsed.history_seconds, self._say)
        self._daemon = Daemon(parsed, self._clock, records, self._say)

    def turn(self, seconds: float) -> None:
        """Let the daemon turn once."""
        self._clock.seconds = seconds
        self._daemon.turn()

    def stop(self) -> None:
        """Give the fans back."""
        self._daemon.stop()

    def _say(self, level: str, text: str) -> None:
        self.said.append(f"{level}: {text}")


@contextmanager
def our_daemon(target_c: int) -> Iterator[OurDaemon]:
    """Run the daemon for a while with a target; its files are in memory, as /run is on a host."""
    text = f"[defaults]\ncurve = 30:30 50:40 70:70 85:100\ntarget_c = {target_c}\n"
    with TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None) as directory:
        daemon = OurDaemon(text, Path(directory))
        try:
            yield daemon
        finally:
            daemon.stop()
