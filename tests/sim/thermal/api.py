"""Steer a simulated machine: describe it, load it, break it, let time pass, read the truth.

Everything but time and truth is files in a state directory, so that a test on a host can do the
same with a shell: ``set/0/load`` (percent), ``faults/0/lost``, ``faults/all/driver-unloaded``.
"""

from __future__ import annotations

import ctypes
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.sim.thermal.build import CONTROL, build_control, build_library
from tests.sim.thermal.cards import Card, Machine

__all__ = ["DEFAULT_DIRECTORY", "Call", "Card", "Machine", "Plant", "build_library"]

DEFAULT_DIRECTORY = Path("/run/deeprig-sim-thermal")
ALL = "all"
_TRUTH_BYTES = 65536


class NoPlant(Exception):
    """The state directory cannot be used, or its gpus.ini is not understood (see stderr)."""


@dataclass(frozen=True, slots=True)
class Call:
    """A setter that somebody called: a line of calls.log. ``code`` 0 says that it was heeded."""

    plant_seconds: float
    pid: int
    name: str
    gpu: int
    arguments: tuple[str, ...]
    code: int


@dataclass(slots=True)
class Plant:
    """The machine whose state is in a directory; what NVML there says is simulated.

    ``libraries`` is where ``build_library`` compiled; without it, what time and truth need is
    compiled beside the state at first use.
    """

    directory: Path
    libraries: Path | None = None
    _control: Any = field(default=None, init=False, repr=False)

    def describe(self, machine: Machine) -> None:
        """Begin anew, cold, with another machine; what was set and broken is forgotten."""
        self.directory.mkdir(parents=True, exist_ok=True)
        for kind in ("set", "faults"):
            for file in sorted((self.directory / kind).glob("*/*")):
                file.unlink()
        (self.directory / "calls.log").unlink(missing_ok=True)
        _replace(self.directory / "gpus.ini", machine.text())

    def set_load(self, gpu: int, percent: float) -> None:
        """Load a card from now on, 0 to 100 percent."""
        self.set(gpu, "load", percent)

    def set(self, gpu: int | str, key: str, value: object) -> None:
        """Set what a card says or suffers from now on (README.md lists the keys)."""
        _replace(self.directory / "set" / str(gpu) / key, f"{value}\n")

    def set_fault(self, gpu: int | str, name: str, value: object = "") -> None:
        """Break a card (or ``ALL``) from now on (README.md lists the names)."""
        _replace(self.directory / "faults" / str(gpu) / name, f"{value}\n")

    def clear_fault(self, gpu: int | str, name: str) -> None:
        """Mend it. Raise FileNotFoundError when that was not broken."""
        (self.directory / "faults" / str(gpu) / name).unlink()

    def step(self, seconds: float) -> None:
        """Let time pass. Raise NoPlant. A machine with ``is_virtual = 1`` knows no other time."""
        if self._library().deeprig_sim_step(bytes(self.directory), ctypes.c_double(seconds)) != 0:
            raise NoPlant(str(self.directory))

    def truth(self) -> dict[str, Any]:
        """Return what is so, whatever NVML says: see c/control.c. Raise NoPlant."""
        room = ctypes.create_string_buffer(_TRUTH_BYTES)
        if self._library().deeprig_sim_truth(bytes(self.directory), room, _TRUTH_BYTES) != 0:
            raise NoPlant(str(self.directory))
        told: dict[str, Any] = json.loads(room.value)
        return told

    def calls(self) -> tuple[Call, ...]:
        """Return every setter that was called since the description, oldest first."""
        log = self.directory / "calls.log"
        return tuple(map(_call, log.read_text().splitlines())) if log.exists() else ()

    def _library(self) -> Any:
        if self._control is None:
            where = self.libraries or self.directory / "build"
            if not (where / CONTROL).exists():
                build_control(where)
            self._control = ctypes.CDLL(str(where / CONTROL))
        return self._control


def _replace(path: Path, text: str) -> None:
    """Write a file so that a reader sees the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.parent / f".{path.name}.new"
    new.write_text(text)
    new.replace(path)


def _call(line: str) -> Call:
    seconds, pid, name, gpu, arguments, code = line.split("\t")
    return Call(float(seconds), int(pid), name, int(gpu), tuple(arguments.split()), int(code))
