"""NVIDIA's nvbandwidth, where the machine has it: it copies, verifies, and measures."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from deeprig_host.training import outside_program
from deeprig_host.training.cases import Measurement
from deeprig_host.training.evaluation import Check

_PROGRAM = "nvbandwidth"
_LIMIT_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Test:
    """One of its tests: its own word for how it ended, and its rates in GB/s."""

    name: str
    status: str
    rates: tuple[float, ...]

    def check(self) -> Check:
        """It passed, and measured. ``Waived``: what it needs is not there; that proves nothing."""
        is_good = self.status == "Passed" and bool(self.rates) and min(self.rates) > 0
        actual = f"{self.status}, {len(self.rates)} rates"
        return Check(f"nvbandwidth: {self.name}", is_good, "Passed, with rates", actual)

    def measurement(self) -> Measurement:
        """Return the slowest."""
        slowest = min(self.rates, default=0.0)
        return Measurement(f"nvbandwidth: {self.name}", slowest, "GB/s", "higher")


def is_there() -> bool:
    """Return whether the machine has it."""
    return outside_program.is_there(_PROGRAM)


def run(names: tuple[str, ...]) -> tuple[Test, ...]:
    """Run tests by their names. Raise RuntimeError where it gives no answer."""
    return outside_program.ask((_PROGRAM, "-j", "-t", *names), _LIMIT_SECONDS, parse)


def parse(text: str) -> tuple[Test, ...]:
    """Return its tests. Raise ValueError, KeyError or TypeError for another form.

    Numbers are strings, ``N/A`` where nothing was measured (json_output.cpp of nvbandwidth).
    """
    told = json.loads(text)[_PROGRAM]
    if "error" in told:
        raise ValueError(told["error"])
    return tuple(_test(one) for one in told["testcases"])


def _test(told: dict[str, Any]) -> Test:
    cells = [cell for row in told.get("bandwidth_matrix", ()) for cell in row if cell != "N/A"]
    return Test(told["name"], told["status"], tuple(float(cell) for cell in cells))
