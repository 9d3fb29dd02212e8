"""A throwaway host with simulated cards that heat, and the real daemon on it.

SIMULATED: NVML and the cards behind it (tests/sim/thermal). systemd, the unit, the environment, SSH
and apt are real. The plant is asked for the truth past NVML, and so past the daemon.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deeprig.lab import api
from deeprig.lab.state import BRIDGE_ADDRESS, PROXY_PORT, LabState
from tests.e2e.running import LabDirectory
from tests.sim.thermal.build import NVML, PROGRAM, build_library
from tests.sim.thermal.cards import OPEN_AIR_350, Machine

HOST = "rig1"
SERVICE = "deeprig-cooling.service"
CARDS = 4
STATUS = "/run/deeprig/cooling/status.json"
#: More, and the inner cards slow themselves down, which is another test's fault.
LOAD_PERCENT = 60
#: Where the description outlives a reboot, and where the state is.
_DESCRIPTION, STATE = "/etc/deeprig-sim-thermal.ini", "/run/deeprig-sim-thermal"
#: Ten seconds of the cards' are one of ours: a fan that is left low shows.
MACHINE = Machine((OPEN_AIR_350,) * CARDS, {"factor": 10, "case_watts_per_kelvin": 300})
_PATIENCE_SECONDS = 90


@dataclass(frozen=True)
class CooledHost(LabDirectory):
    """A lab directory whose one host has four simulated cards; its roles are base and cooling."""

    def root(self, command: str) -> str:
        """Run a command past deeprig, as root; it must end well."""
        done = self.ssh(HOST, command)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout.strip()

    def declare(self, **settings: Any) -> None:
        """Declare the cooling. Naming a card declares it: the host's PCI bus shows none."""
        self.hosts(rig1={"roles": ["cooling"]})
        self.data(cooling={"gpus": {"0": {"hysteresis_c": 3}}} | settings)
        self.write(
            "deploy/workstation.py",
            "from deeprig.compose import deploy_roles\ndeploy_roles('cooling')\n",
        )

    def changes(self) -> list[str]:
        """Apply, and return the names of the operations that changed something."""
        operations = self.json("apply")["hosts"][0]["operations"]
        return [o["name"] for o in operations if o["status"] == "changed"]

    def checks(self) -> dict[str, dict[str, Any]]:
        """Verify, and return the role's checks by name."""
        host = self.json("verify", "--role", "cooling", code=None)["hosts"][0]
        return {check["name"]: check for check in host["checks"]}

    def bad(self) -> dict[str, str]:
        """Return the outcomes of the checks that neither passed nor were left out."""
        outcomes = {name: check["outcome"] for name, check in self.checks().items()}
        return {n: o for n, o in outcomes.items() if o not in ("pass", "not applicable")}

    def truth(self) -> list[dict[str, Any]]:
        """Return what is so of each card, whatever NVML says."""
        told = json.loads(self.root(f"{PROGRAM} {STATE} truth"))
        gpus: list[dict[str, Any]] = told["gpus"]
        return gpus

    def status(self) -> dict[str, Any]:
        """Return the daemon's status."""
        told: dict[str, Any] = json.loads(self.root(f"cat {STATUS}"))
        return told

    def modes(self) -> list[str]:
        """Return the mode of each card, as the daemon tells it."""
        return [gpu["mode"] for gpu in self.status()["gpus"]]

    def setters(self) -> list[str]:
        """Return the setters that were called since the description: name, card, arguments, pid."""
        log = self.root(f"cat {STATE}/calls.log 2>/dev/null || true")
        return log.splitlines()

    def wait_until(self, what: Callable[[], bool], meaning: str) -> None:
        """Wait until something is so. Raise TimeoutError that tells what was."""
        end = time.monotonic() + _PATIENCE_SECONDS
        while not what():
            if time.monotonic() > end:
                journal = self.ssh(HOST, f"journalctl -u {SERVICE} -n 25 --no-pager").stdout
                raise TimeoutError(f"{meaning}\n{json.dumps(self.truth())}\n{journal}")
            time.sleep(0.2)

    def wait_until_cooled(self) -> None:
        """Wait until the daemon has every card's fans."""
        self.wait_until(
            lambda: all(are_taken(gpu) for gpu in self.truth()), "the daemon has not all fans"
        )

    @contextmanager
    def fault(self, card: int | str, name: str, value: str = "") -> Iterator[None]:
        """Break a card for a while (tests/sim/thermal/README.md)."""
        file = f"{STATE}/faults/{card}/{name}"
        self.root(f"mkdir -p {STATE}/faults/{card}; echo '{value}' > '{file}'")
        try:
            yield
        finally:
            self.root(f"rm -f '{file}'")

    def load(self, percent: int = LOAD_PERCENT) -> None:
        """Load every card."""
        sets = [f"mkdir -p {STATE}/set/{n}; echo {percent} > {STATE}/set/{n}/load"
                for n in range(CARDS)]  # fmt: skip
        self.root("; ".join(sets))


def are_taken(gpu: dict[str, Any]) -> bool:
    """Say whether all fans of a card are under manual control."""
    return all(fan["is_manual"] for fan in gpu["fans"])


def are_automatic(gpu: dict[str, Any]) -> bool:
    """Say whether all fans of a card are the card's own."""
    return not any(fan["is_manual"] for fan in gpu["fans"])


def are_safe(gpu: dict[str, Any]) -> bool:
    """Say whether each fan of a card is automatic, or at 100 %."""
    return all(not fan["is_manual"] or fan["asked_percent"] >= 100 for fan in gpu["fans"])


def fans_of(gpu: dict[str, Any]) -> str:
    """Return in words what the fans of a card do."""
    if are_automatic(gpu):
        return "automatic"
    return "at 100 %" if are_safe(gpu) else "by the curve" if are_taken(gpu) else "mixed"


def place_plant(state: LabState, built: Path) -> None:
    """Put library, program and description on the host."""
    build_library(built)
    description = built / "gpus.ini"
    description.write_text(MACHINE.text(), encoding="utf-8")
    host = state.host(HOST)
    places = {
        built / NVML: f"/usr/lib/x86_64-linux-gnu/{NVML}",
        built / PROGRAM: f"/usr/local/bin/{PROGRAM}",
        description: _DESCRIPTION,
    }
    options = [
        *("-F", "/dev/null", "-i", str(state.key), "-P", str(host.ssh_port)),
        *("-o", f"UserKnownHostsFile={state.known_hosts}", "-o", "BatchMode=yes"),
    ]
    for source, target in places.items():
        copy = ["scp", "-q", *options, str(source), f"root@127.0.0.1:{target}"]
        subprocess.run(copy, check=True, capture_output=True)
    proxy = f"http://{BRIDGE_ADDRESS}:{PROXY_PORT}"
    make = (
        f"echo 'd {STATE}' > /etc/tmpfiles.d/simulated.conf; systemd-tmpfiles --create;"
        f" echo 'Acquire::http::Proxy \"{proxy}\";' > /etc/apt/apt.conf.d/90lab"
    )
    target_of_ssh = [option if option != "-P" else "-p" for option in options]
    subprocess.run(["ssh", *target_of_ssh, "root@127.0.0.1", make], check=True, capture_output=True)


def cooled_lab(directory: Path, built: Path) -> LabState:
    """Bring up the host with its cards."""
    state = api.up(api.LabSpec(directory, 1, "debian12"))
    place_plant(state, built)
    return state
