"""What the nvidia_driver role asks a host: all of it, or only what is still open."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from pyinfra.api.command import QuoteString, StringCommand
from pyinfra.api.exceptions import FactProcessError
from pyinfra.api.facts import FactBase

from deeprig.tasks.host_answers import sent_along
from roles.nvidia_driver.observation import Observation, decode


class DriverObservation(FactBase[Observation | None]):
    """One look at kernels, GPUs, driver packages and apt; nothing is changed or locked."""

    def command(self, programs: str) -> StringCommand:
        """Return the command; ``programs`` is the controller's directory of ``deeprig_host``."""
        return sent_along(Path(programs), "driver", "observe")

    @staticmethod
    def default() -> Observation | None:
        """Return None: nothing is known."""
        return None

    def process(self, output: list[str]) -> Observation | None:
        """Parse the document. Raise FactProcessError when it is none."""
        if output == ["none"]:
            return None
        try:
            return decode(json.loads("\n".join(output)))
        except (ValueError, AttributeError) as error:
            told = "\n".join(output)[:300]
            raise FactProcessError(f"the driver observation is unreadable: {error}: {told}") from (
                error
            )


@dataclass(frozen=True, slots=True)
class PendingDriver:
    """What is open after a run: the transaction's phase and versions, what is loaded.

    ``phase`` is None without a transaction. ``available`` is the version that modprobe would load
    for the running kernel. Versions are "" where there is none.
    """

    phase: str | None = None
    wanted: str = ""
    recorded: str = ""
    loaded: str = ""
    available: str = ""
    is_nouveau_loaded: bool = False

    @property
    def expected(self) -> str:
        """Return the version that should be loaded."""
        if self.phase is None:
            return self.available
        return self.recorded if self.phase == "restored" else self.wanted


_MARK = "@@deeprig:"
_PENDING = f"""
show() {{ if [ -r "$1" ]; then cat "$1"; echo; fi; }}
echo {_MARK}journal
show /var/lib/deeprig/driver/transaction.json
echo {_MARK}loaded
show /sys/module/nvidia/version
echo {_MARK}available
if m=$(/usr/sbin/modinfo -k "$(uname -r)" -F version nvidia 2>&1); then echo "$m"; fi
echo {_MARK}nouveau
if [ -d /sys/module/nouveau ]; then echo yes; fi
"""


class OpenDriverChange(FactBase[PendingDriver]):
    """What the end of a run has to settle; a few milliseconds, asked on every run."""

    def command(self) -> StringCommand:
        """Return the command."""
        return StringCommand("sh", "-c", QuoteString(_PENDING))

    @staticmethod
    def default() -> PendingDriver:
        """Return that nothing is open."""
        return PendingDriver()

    def process(self, output: list[str]) -> PendingDriver:
        """Parse the sections. Raise FactProcessError when the journal is unreadable."""
        sections: dict[str, list[str]] = {}
        current: list[str] = []
        for line in output:
            if line.startswith(_MARK):
                current = sections.setdefault(line[len(_MARK) :], [])
            elif line.strip():
                current.append(line.strip())
        return _pending(sections)


def _pending(sections: dict[str, list[str]]) -> PendingDriver:
    try:
        journal = json.loads("\n".join(sections["journal"]) or "{}")
        return PendingDriver(
            phase=journal.get("phase"),
            wanted=journal.get("wanted", ""),
            recorded=journal.get("recorded", ""),
            loaded=(sections["loaded"] or [""])[0],
            available=(sections["available"] or [""])[0],
            is_nouveau_loaded=bool(sections["nouveau"]),
        )
    except (KeyError, ValueError, AttributeError) as error:
        raise FactProcessError(f"the driver's journal is unreadable: {error!r}") from error


class SimulationMark(FactBase[str | None]):
    """What a machine of this project's tests says is simulated; real machines have no such file."""

    def command(self) -> str:
        """Return the command."""
        return "if [ -r /etc/deeprig-sim/simulated ]; then head -n1 /etc/deeprig-sim/simulated; fi"

    @staticmethod
    def default() -> str | None:
        """Return None: nothing is simulated."""
        return None

    def process(self, output: list[str]) -> str | None:
        """Return the line."""
        return output[0].strip() if output else None
