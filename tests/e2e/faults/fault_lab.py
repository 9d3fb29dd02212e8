"""A throwaway host of the fault suite: disks to start from, and what a fault left of it."""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deeprig.lab.state import BRIDGE_ADDRESS
from tests.e2e.faults.archive import Archive, replace_by_copy
from tests.e2e.faults.servers import Servers
from tests.e2e.running import LabDirectory
from tests.sim.hosts import api

HOST = "rig1"
#: Packages that the settled host has, and one more whose installation meets the faults.
PACKAGES = ("less", "rsync")
FURTHER = "tmux"
ENVIRONMENT = {"name": "small", "python": "3.11", "packages": ["idna=3.6"]}
#: Debian's own source files name no key: apt trusts what lies here.
ARCHIVE_KEY = "/usr/share/keyrings/debian-archive-keyring.gpg"


@dataclass(frozen=True)
class FaultLab(LabDirectory):
    """A lab directory over the host ``rig1``, whose archive is a copy that tests may break."""

    servers: Servers
    whole: Archive

    @property
    def archive(self) -> Archive:
        """Return the served copy of the archive."""
        return Archive(self.servers.directory / "archive", self.whole.key)

    def mend(self) -> None:
        """Have mirror and name server run, and serve the archive as it was made."""
        replace_by_copy(self.whole, self.archive.root)
        self.servers.start()

    def declare(self, *packages: str, conda: bool = False, **base: Any) -> None:
        """Declare base (``packages`` more, other settings) and maintenance, or conda too."""
        own = self.base_settings()
        apt = {"mirror": self.servers.archive_url, "components": ["main"]}
        settings = own | {"apt": apt, "packages": [*PACKAGES, *packages]} | base
        more = {"conda": self.conda_settings(ENVIRONMENT)} if conda else {}
        roles = ["base", *(["conda"] if conda else []), "maintenance"]
        self.data(network_access={}, base=settings, roles=roles, **more)

    def root(self, command: str) -> str:
        """Run a command on the host as root; it must succeed."""
        done = self.ssh(HOST, command)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout.strip()

    def give(self, file: Path, path: str) -> None:
        """Write a file's content to a path of the host, past deeprig."""
        encoded = base64.b64encode(file.read_bytes()).decode("ascii")
        self.root(f"echo {encoded} | base64 -d > {path}")

    def start_from(self, disk: str, make: Callable[[], None] | None = None) -> None:
        """Boot from a kept disk; where there is none yet, ``make`` it and keep it."""
        api.start_from(self.state, self.state.host(HOST), disk, make)

    def start_settled(self) -> None:
        """Boot a host that has everything declared but the further package."""
        self.start_from("settled", self._settle)

    def cut_the_power(self) -> None:
        """End every process of the host at once."""
        api.power_off(self.state, self.state.host(HOST))

    def boot(self) -> None:
        """Boot the host and wait until ssh answers."""
        api.power_on(self.state, self.state.host(HOST))

    def wait_for(self, condition: str) -> None:
        """Wait until a shell condition holds inside the host (asked from outside)."""
        api.wait_for(condition, self.state, self.state.host(HOST))

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start an apply and do not wait for it."""
        return subprocess.Popen(
            self.command("apply", "--json", *arguments),
            cwd=self.path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def _settle(self) -> None:
        self.start_from("fresh")
        self.declare()
        self.run("apply")


def host_side(archive_key: bytes) -> dict[str, bytes]:
    """Return the files that make a stock host one whose archive is the suite's own."""
    return {
        ARCHIVE_KEY.lstrip("/"): archive_key,
        "etc/apt/sources.list": b"",
        # The stock image of a frozen mirror does not look at dates; here they matter.
        "etc/apt/apt.conf.d/99mmdebstrap": b"",
        "etc/resolv.conf": f"nameserver {BRIDGE_ADDRESS}\noptions timeout:1\n".encode(),
    }
