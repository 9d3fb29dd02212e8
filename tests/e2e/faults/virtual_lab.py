"""A virtual machine of the fault suite: its own kernel, an ext4 disk, the suite's archive."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from deeprig.lab import api as lab_api
from tests.channel.api import ChannelBuild
from tests.e2e.faults.fault_lab import ARCHIVE_KEY, FURTHER, HOST, PACKAGES
from tests.e2e.running import ROOT, LabDirectory
from tests.sim.hosts import api
from tests.sim.hosts.image import sim_image
from tests.sim.vm import machine
from tests.sim.vm.disk import Disk, make_disk

_PACKAGE_LOG = "grep -c ' status ' /var/log/dpkg.log"


@dataclass(frozen=True)
class VirtualLab(LabDirectory):
    """A lab directory whose one host is a virtual machine; ``disk`` outlives each boot."""

    disk: Disk

    @contextmanager
    def booted(self) -> Iterator[VirtualLab]:
        """Boot the machine; the end of the block is the end of its power, nothing is synced."""
        with machine.running(self.disk, self.path / "console.log") as port:
            known = replace(self.state.host(HOST), ssh_port=port)
            booted = replace(self, state=self.state.with_host(known))
            booted.declare(port)
            yield booted

    def declare(self, port: int) -> None:
        """Declare the machine, whose ssh is at a port of the loopback."""
        archive = f"http://{machine.CONTROLLER}:{self.state.loopback_port}/archive/debian"
        apt = {"mirror": archive, "components": ["main"]}
        base = self.base_settings() | {"apt": apt, "packages": [*PACKAGES, FURTHER]}
        keys = {"ssh_strict_host_key_checking": "accept-new"}
        known = {"ssh_known_hosts_file": str(self.path / f"known_hosts-{port}")}
        # There is no time server to be reached from here.
        more = {"maintenance": {"time_sync": False}, "network_access": {}}
        self.data(base=base, roles=["base", "maintenance"], **more, **keys, **known)
        self.hosts(**{HOST: {"ssh_hostname": "127.0.0.1", "ssh_port": port}})

    def root(self, command: str) -> str:
        """Run a command on the machine as root; it must succeed."""
        target = [*("ssh", "-F", "/dev/null", "-i", str(self.state.key)), "-o", "BatchMode=yes"]
        target += ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"]
        target += ["-o", "LogLevel=ERROR", "-p", str(self.state.host(HOST).ssh_port)]
        done = subprocess.run(
            [*target, "root@127.0.0.1", command],
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout.strip()

    def status_changes(self) -> int:
        """Return how many status changes dpkg's log has."""
        return int(self.root(_PACKAGE_LOG))


@contextmanager
def virtual_lab(at: Path, archive: Path, key: Path, channel: ChannelBuild) -> Iterator[VirtualLab]:
    """Make a machine that serves itself from an archive on the controller; remove it afterwards."""
    directory = ROOT / ".lab" / f"reset-{os.getpid()}"
    try:
        spec = lab_api.LabSpec(directory, served=(("archive", archive),), image=sim_image())
        state = lab_api.up(spec)
        api.power_off(state, state.host(HOST))
        upper = state.machine(HOST) / "upper"
        files = {ARCHIVE_KEY.lstrip("/"): key.read_bytes(), "etc/apt/apt.conf.d/99mmdebstrap": b""}
        for name, content in files.items():
            (upper / name).parent.mkdir(parents=True, exist_ok=True)
            (upper / name).write_bytes(content)
        disk = make_disk(sim_image(), upper, (), directory / "disk")
        yield VirtualLab(at, state, channel, disk)
    finally:
        shutil.rmtree(directory / "disk", ignore_errors=True)
        lab_api.down(directory)
        assert not directory.exists()
