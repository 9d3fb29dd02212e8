"""A simulated machine: a root directory of its own, and a runner that keeps its state in files.

Nothing here is real but the files: systemctl, netplan, networkctl and ip are simulated. What
"runs" is the copy of the configuration that the last apply (or boot) took.
"""

import json
import os
import shutil
import signal
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[4] / "host"))

from deeprig_host.machine.commands import Done, Machine
from deeprig_host.network import names
from deeprig_host.network.order import parse_order

OLD_YAML = "network: {version: 2, ethernets: {eth0: {addresses: [10.0.0.2/24]}}}\n"
NEW_YAML = "network: {version: 2, ethernets: {eth0: {addresses: [10.0.0.3/24]}}}\n"
MAIN, OTHER = "/etc/netplan/50-cloud-init.yaml", "/etc/netplan/60-deeprig.yaml"
NETWORK = "/etc/systemd/network/10-lan.network"


@dataclass
class Host:
    """The simulated machine; ``answers`` replaces what a command says, by its first words."""

    root: Path
    answers: dict = field(default_factory=dict)
    effects: int = 0
    dies_at: int = 0

    @property
    def machine(self):
        return Machine(self.root, self.run)

    def run(self, *words, seconds=60, stdin="", environment=None, directory=None):
        self.effect()
        with (self.root / "calls.log").open("a") as log:
            log.write(" ".join(words) + "\n")
        for start, answer in self.answers.items():
            if " ".join(words).startswith(start):
                return Done(words, *answer)
        if words[:2] in (("netplan", "apply"), ("networkctl", "reload")) or "restart" in words:
            self.take_up()
        if words[:3] == ("ip", "-json", "address"):
            return Done(words, 0, json.dumps([{"addr_info": self.addresses()}]))
        return Done(words, 0)

    def effect(self):
        """Count something that outlives the process; die before the one that is asked for."""
        self.effects += 1
        if self.effects == self.dies_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def take_up(self):
        """Make the written configuration the running one."""
        running = self.root / "running"
        if running.exists():
            shutil.rmtree(running)
        shutil.copytree(self.root / "etc/netplan", running)

    def addresses(self):
        text = "".join(file.read_text() for file in (self.root / "running").glob("*.yaml"))
        return [{"local": f"10.0.0.{n}"} for n in (2, 3) if f"10.0.0.{n}" in text]

    def write(self, path, text, mode=0o600):
        target = self.root / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        target.chmod(mode)
        return target

    def read(self, path):
        target = self.root / path.lstrip("/")
        return target.read_text() if target.is_file() else None

    def files(self, directory="/etc/netplan"):
        """Return name to content and mode of the configuration as it lies on the disk."""
        place = self.root / directory.lstrip("/")
        return {
            str(f.relative_to(place)): (f.read_text(), f.stat().st_mode & 0o777)
            for f in sorted(place.rglob("*"))
            if f.is_file()
        }

    def running(self):
        return {f.name: f.read_text() for f in sorted((self.root / "running").iterdir())}

    def calls(self):
        return (self.read("/calls.log") or "").splitlines()

    def guards(self):
        """Return which of the units that go back are on the disk and enabled."""
        units = self.root / names.UNITS.lstrip("/")
        found = (names.ROLLBACK_UNIT, names.TIMER_UNIT, names.BOOT_UNIT)
        links = (
            units / "timers.target.wants" / names.TIMER_UNIT,
            units / "sysinit.target.wants" / names.BOOT_UNIT,
        )
        present = {name for name in found if (units / name).is_file()}
        return present | {link.parent.name for link in links if link.is_symlink()}

    def boot(self):
        """Reboot: another boot id; the guard's unit runs where it is, then the network starts."""
        from deeprig_host.network.rollback import roll_back

        self.write("/proc/sys/kernel/random/boot_id", "boot-2\n")
        if "sysinit.target.wants" in self.guards() and self.read(names.JOURNAL) is not None:
            roll_back(self.machine, "rebooted before it was confirmed", is_boot=True)
        self.take_up()


ALL_GUARDS = {
    *(names.ROLLBACK_UNIT, names.TIMER_UNIT, names.BOOT_UNIT),
    *("timers.target.wants", "sysinit.target.wants"),
}


def make_host(root):
    host = Host(root)
    (root / "run/systemd/system").mkdir(parents=True)
    host.write("/proc/sys/kernel/random/boot_id", "boot-1\n")
    host.write(MAIN, OLD_YAML, 0o640)
    host.write(NETWORK, "[Match]\nName=eth0\n[Network]\nAddress=10.0.0.2/24\n", 0o644)
    host.take_up()
    return host


@pytest.fixture
def host(tmp_path):
    return make_host(tmp_path / "root")


def order(**values):
    """Return an order: one file changed, one added."""
    files = [
        {"path": MAIN, "content": None},
        {"path": OTHER, "content": NEW_YAML, "mode": "600"},
        {"path": names.CLOUD_CONFIG, "content": "network: {config: disabled}\n", "mode": "644"},
    ]
    document = {"kind": "netplan", "files": files, "confirm_seconds": 8}
    return parse_order(json.dumps(document | values))
