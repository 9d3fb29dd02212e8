"""What a rollout tells while it goes on: a line per wave and step, however many hosts there are."""

from __future__ import annotations

from dataclasses import dataclass, field

from rich.console import Console
from rich.text import Text

from deeprig.waves.model import Rollout, WaveRecord
from deeprig.waves.planning import told
from deeprig.waves.show import summary

_DOES = {
    "draining": "taking out of service",
    "changing": "changing",
    "proving": "proving",
    "putting back": "putting back",
    "returning": "taking into service",
}


@dataclass(slots=True)
class WaveLines:
    """Prints what is new since the last state that was noted."""

    console: Console
    last: tuple[object, ...] = field(default_factory=tuple)

    def show(self, rollout: Rollout) -> None:
        """Print what a state says that the one before did not."""
        wave = rollout.waves[-1] if rollout.waves else None
        is_waiting = rollout.status == "paused"
        seen = (rollout.status, wave.number if wave else 0, wave.step if wave else "")
        if seen == self.last:
            return
        self.last = seen
        if is_waiting:
            self._line("paused: 'deeprig resume' or 'deeprig abort' from any terminal")
        elif wave is not None and rollout.status in ("running", "stopped"):
            line = self._wave_line(rollout, wave)
            if line is not None:
                self._line(line)

    def _wave_line(self, rollout: Rollout, wave: WaveRecord) -> str | None:
        name = f"wave {wave.number}{' (canary)' if wave.is_canary else ''}"
        why = f": {wave.reason}" if wave.reason else ""
        if wave.has_ended:
            return f"{name}: {wave.step} after {wave.seconds:.1f} s{why} ({summary(rollout)})"
        is_drained = any(rollout.host(host).is_drained for host in wave.hosts)
        if wave.step in ("draining", "returning") and not is_drained:
            return None
        return f"{name}: {_DOES[wave.step]}: {told(wave.hosts)}{why}"

    def _line(self, text: str) -> None:
        self.console.print(Text(text))


def show_nothing(rollout: Rollout) -> None:
    """Show nothing (``--json``)."""
