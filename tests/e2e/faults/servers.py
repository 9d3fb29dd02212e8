"""The lab's mirror and name server: processes in its network that a test starts and ends.

Each lives in a cgroup of the lab, so that they end with it however a test run ends.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from deeprig.lab import cgroups
from deeprig.lab.commands import launch
from deeprig.lab.state import BRIDGE_ADDRESS, LabState
from tests.e2e.faults.mirror import FAULT
from tests.e2e.running import ROOT

MIRROR_PORT = 8100
#: A name, so that the mirror is lost with the name server (RFC 2606 reserves the domain).
MIRROR_NAME = "archive.rig.test"
_START_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Servers:
    """The mirror of a lab, which serves ``directory``, and its name server."""

    state: LabState
    directory: Path

    @property
    def archive_url(self) -> str:
        """Return the archive's URL for ``base.apt.mirror``."""
        return f"http://{MIRROR_NAME}:{MIRROR_PORT}/archive/debian"

    def start(self) -> None:
        """Start what is not running, without any fault."""
        self.release()
        self._launch("mirror", BRIDGE_ADDRESS, str(MIRROR_PORT), str(self.directory))
        self._launch("names", BRIDGE_ADDRESS, BRIDGE_ADDRESS)

    def stop_mirror(self) -> None:
        """End the mirror: its port refuses connections."""
        cgroups.end(self._cgroup("mirror"))

    def stop_names(self) -> None:
        """End the name server: its port is unreachable."""
        cgroups.end(self._cgroup("names"))

    def fault(self, kind: str, pattern: str) -> None:
        """Have the mirror serve paths badly: "slow" or "cut"."""
        part = self.directory / f"{FAULT}.part"
        part.write_text(json.dumps({"kind": kind, "pattern": pattern}), encoding="utf-8")
        part.replace(self.directory / FAULT)

    def release(self) -> None:
        """End the fault; what is slow at this moment goes on at full speed."""
        (self.directory / FAULT).unlink(missing_ok=True)

    def _cgroup(self, name: str) -> Path:
        return cgroups.root() / f"{self.state.id}.{name}"

    def _launch(self, name: str, *arguments: str) -> None:
        cgroup = cgroups.create(f"{self.state.id}.{name}")
        if cgroups.is_populated(cgroup):
            return
        ready = self.state.directory / f"{name}.ready"
        ready.unlink(missing_ok=True)
        entering = ("ip", "netns", "exec", self.state.id)
        program = (sys.executable, "-m", f"tests.e2e.faults.{name}", str(ready), *arguments)
        log = self.state.directory / f"{name}.log"
        with log.open("ab") as output:
            launch(cgroup, (*entering, *program), output, directory=ROOT)
        deadline = time.monotonic() + _START_SECONDS
        while not ready.exists():
            if time.monotonic() > deadline or not cgroups.is_populated(cgroup):
                raise RuntimeError(f"{name} does not listen: {log.read_text(encoding='utf-8')}")
            time.sleep(0.05)
