"""A virtual machine on a switch of its own: cards, VLANs and a controller in one namespace."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deeprig.lab import network
from deeprig.lab.commands import run
from tests.sim.vm.disk import Disk
from tests.sim.vm.machine import process, wait_for_ssh

ROOT = Path(__file__).resolve().parents[3]
#: The machine's cards, by which the declarations of tests know them.
MACS = ("52:54:00:d1:00:01", "52:54:00:d1:00:02")
#: VLAN to the controller's end: its device, and its address there.
ACCESS_PORTS = {0: ("native", "10.214.0.1/24"), 10: ("vlan10", "10.214.10.1/24")}
_FIRST_PORT = 4210


@dataclass(frozen=True)
class Wired:
    """A running machine; commands that shall reach it are run in ``namespace``."""

    namespace: str

    def command(self, *words: str) -> list[str]:
        """Return a command that runs beside the machine."""
        return ["ip", "netns", "exec", self.namespace, *words]


@contextmanager
def wired(disk: Disk, console: Path, namespace: str, address: str) -> Iterator[Wired]:
    """Boot a machine with two cards and wait until its sshd answers at an address."""
    made = Wired(namespace)
    run(("ip", "netns", "add", namespace), what="making the virtual machine's namespace")
    try:
        run(("ip", "-n", namespace, "link", "set", "lo", "up"), what="starting its loopback")
        pairs = [(_FIRST_PORT + 2 * n, _FIRST_PORT + 2 * n + 1) for n in range(len(MACS))]
        with _switch(made, pairs):
            command = made.command(*_machine(disk, pairs))
            with process(command, console) as machine:
                wait_for_ssh(made.command, address, machine, console)
                yield made
    finally:
        network.remove(namespace)


@contextmanager
def _switch(made: Wired, pairs: list[tuple[int, int]]) -> Iterator[None]:
    ports = [f"{vlan}={name}" for vlan, (name, _) in ACCESS_PORTS.items()]
    cards = [f"{ours}:{theirs}" for ours, theirs in pairs]
    command = made.command(sys.executable, "-m", "tests.sim.vm.switch", *ports, "--", *cards)
    switch = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT)
    try:
        assert switch.stdout is not None
        assert switch.stdout.readline() == b"ready\n"
        for name, address in ACCESS_PORTS.values():
            inside = ("ip", "-n", made.namespace)
            run((*inside, "addr", "add", address, "dev", name), what="addressing a port")
            run((*inside, "link", "set", name, "up"), what="starting a port")
        yield
    finally:
        switch.terminate()
        switch.communicate()


def _machine(disk: Disk, pairs: list[tuple[int, int]]) -> list[str]:
    words = disk.command()
    for number, ((ours, theirs), mac) in enumerate(zip(pairs, MACS, strict=True)):
        udp = f"udp=127.0.0.1:{ours},localaddr=127.0.0.1:{theirs}"
        words += ["-netdev", f"socket,id=n{number},{udp}"]
        words += ["-device", f"virtio-net-pci,netdev=n{number},mac={mac}"]
    return words
