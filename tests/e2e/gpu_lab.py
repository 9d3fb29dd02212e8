"""A simulated GPU machine for one test: deeprig's own commands, its disk and its repositories."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deeprig.tasks.host_programs import PROGRAMS
from tests.e2e.running import LabDirectory
from tests.sim.hosts import api, pci
from tests.sim.repository import faults
from tests.sim.repository.api import SimRepositories

HOST = "rig1"
WORKSTATION = api.Machine((pci.RTX_4090,))
#: Versions of the simulated repositories.
OLD, NEW = "570.195.03", "580.159.04"


@dataclass(frozen=True)
class GpuLab(LabDirectory):
    """A lab directory whose host is the simulated machine ``rig1``.

    ``repositories`` are as built; what the lab serves is a copy in ``served``, which tests may
    break, and which every test finds whole.
    """

    repositories: SimRepositories
    served: Path

    def declare(self, driver: dict[str, Any], roles: tuple[str, ...] = (), **more: Any) -> None:
        """Declare the host with driver settings; ``roles`` besides nvidia_driver."""
        self.hosts(rig1={"roles": ["nvidia_driver", *roles], "reboot": "when-needed"})
        self.data(gpu_count=1, nvidia_driver=driver, **more)

    def from_nvidia(self, distribution: str = "ubuntu2404", **more: Any) -> dict[str, Any]:
        """Return driver settings that take it from the simulated NVIDIA repository."""
        package = f"{distribution}/x86_64/cuda-keyring_1.1-1_all.deb"
        repository = {
            "base_url": self.state.url("nvidia").rstrip("/"),
            # Fetched on the controller, which reaches the lab's files on its own loopback.
            "keyring_url": f"{self.state.controller_url('nvidia')}{package}",
            "keyring_sha256": self.repositories.keyring_sha256(distribution),
            "fingerprint": self.repositories.fingerprint,
        }
        return {"source": "nvidia", "nvidia_repository": repository} | more

    def nvidia_directory(self, distribution: str = "ubuntu2404") -> Path:
        """Return the served flat repository, to break it."""
        return self.served / "nvidia" / distribution / "x86_64"

    def mend_repositories(self) -> None:
        """Serve the repositories as they were built."""
        for name, source in (
            ("nvidia", self.repositories.nvidia),
            ("ubuntu", self.repositories.ubuntu),
        ):
            shutil.rmtree(self.served / name, ignore_errors=True)
            faults.copy_of(source, self.served / name)

    def start_from(self, disk: str, make: Callable[[], None] | None = None) -> None:
        """Boot from a kept disk; where there is none yet, ``make`` it and keep it."""
        api.start_from(self.state, self.state.host(HOST), disk, make)

    def have_driver(self, version: str = OLD, **settings: Any) -> None:
        """Start from a machine with a driver of NVIDIA's repository that deeprig installed."""

        def install() -> None:
            self.start_from("fresh")
            self.declare(self.from_nvidia(version=version, **settings))
            self.run("apply")

        named = "-".join(f"{k}={v}" for k, v in sorted(settings.items()))
        self.start_from(f"nvidia-{version}{named}", install)

    def become(self, what: api.Machine) -> None:
        """Make the host another machine; its disk stays."""
        api.become(self.state, self.state.host(HOST), what)

    def root(self, command: str) -> str:
        """Run a command on the host as root, past deeprig, and return what it printed."""
        done = self.ssh(HOST, command)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout.strip()

    def observe(self) -> dict[str, Any]:
        """Return the host program's own observation."""
        seen: dict[str, Any] = json.loads(self.root(f"python3 {PROGRAMS} driver observe"))
        return seen

    def loaded(self) -> str:
        """Return the loaded driver's version, "" for none."""
        path = "/sys/module/nvidia/version"
        return self.root(f"if [ -e {path} ]; then cat {path}; fi")

    def installed(self) -> str:
        """Return the version nvidia-smi's package is of, "" for none, as dpkg tells it."""
        query = "dpkg-query -W -f '${db:Status-Abbrev} ${Version} ${Package}\\n'"
        rows = self.ssh(HOST, f"{query} 'libnvidia-compute*'").stdout.splitlines()
        versions = {r.split()[1].split("-")[0] for r in rows if r.startswith(("ii ", "hi "))}
        return " ".join(sorted(versions))

    def is_dpkg_consistent(self) -> bool:
        """Say whether neither dpkg nor apt has anything to complain about."""
        audit, check = self.ssh(HOST, "dpkg --audit"), self.ssh(HOST, "apt-get check")
        return audit.returncode == 0 and not audit.stdout.strip() and check.returncode == 0


def operations(document: dict[str, Any], role: str = "nvidia_driver") -> dict[str, str]:
    """Return name to status of the operations of a role (and of the engine) in a report."""
    found = document["hosts"][0]["operations"]
    return {
        o["name"].partition(":")[0]: o["status"] for o in found if o["role"] in (role, "reboot")
    }


def told(document: dict[str, Any]) -> str:
    """Return everything that a report says of the host's failure."""
    host = document["hosts"][0]
    failed = [o["output"] for o in host["operations"] if o["status"] == "failed"]
    return "\n".join([host["reason"] or "", *failed])


def moves(document: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Return what goes from which version to which."""
    found = document["hosts"][0]["operations"]
    return [(m["what"], m["before"], m["after"]) for o in found for m in o["moves"]]


def changed(document: dict[str, Any]) -> list[str]:
    """Return the names of the operations that changed something."""
    found = document["hosts"][0]["operations"]
    return [o["name"] for o in found if o["status"] == "changed"]
