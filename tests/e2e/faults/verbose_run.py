"""A first run on a stock host, in the background, whose progress can be followed."""

from __future__ import annotations

import os
import subprocess
import time

from tests.e2e.faults.cut_points import Work, status_changes, work_done
from tests.e2e.faults.fault_lab import HOST, FaultLab
from tests.e2e.running import ROOT

_BOUND_SECONDS = 300.0


class VerboseRun:
    """An apply that tells each operation as it starts, in a file."""

    def __init__(self, lab: FaultLab) -> None:
        self.lab, self.log = lab, lab.path / "progress.log"
        self.upper = lab.state.machine(HOST) / "upper"
        self.before = status_changes(self.upper)
        with self.log.open("w") as progress:
            self.process = subprocess.Popen(
                lab.command("apply", "-v"),
                cwd=lab.path,
                env=os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "200"},
                stdout=subprocess.DEVNULL,
                stderr=progress,
                text=True,
            )

    def told(self) -> str:
        """Return what it has told so far."""
        return self.log.read_text(encoding="utf-8")

    def done(self) -> Work:
        """Return how much it has done so far."""
        return work_done(self.upper, self.told(), self.before)

    def wait_for(self, words: str) -> None:
        """Wait until it has told the words. Raise when it ends before."""
        deadline = time.monotonic() + _BOUND_SECONDS
        while words not in self.told():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"it never told {words!r}:\n{self.told()}")
            time.sleep(0.005)
