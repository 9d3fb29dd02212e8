"""A throwaway host whose network netplan describes, as an Ubuntu server's installer leaves it.

deeprig runs inside the lab's network here, next to the host: no forward stands between the two, so
that a changed address is really another one.
"""

from __future__ import annotations

import json
import os
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

HOST = "rig1"
FIRST_FILE = "/etc/netplan/50-cloud-init.yaml"
APT = f"apt-get -qy -o Acquire::http::Proxy=http://{BRIDGE_ADDRESS}:{PROXY_PORT}"
#: Simulated: `netplan apply` asks udev to look again, but a container cannot write to sysfs.
UDEVADM = """#!/bin/sh
[ "$1" = trigger ] && exit 0
exec /usr/bin/udevadm "$@"
"""
_AS_INSTALLED = """network:
  version: 2
  ethernets:
    host0:
      dhcp4: false
      addresses: [{address}/24]
      routes: [{{to: default, via: {gateway}}}]
"""
#: Installs netplan, as Ubuntu has it from the start.
INSTALL = f"""set -e
export DEBIAN_FRONTEND=noninteractive
{APT} update >/dev/null
{APT} install netplan.io python3-yaml >/dev/null
"""
_SIMULATE_UDEVADM = f"""printf '%s' '{UDEVADM}' > /usr/local/sbin/udevadm
chmod 755 /usr/local/sbin/udevadm
"""


@dataclass(frozen=True)
class NetplanHost(LabDirectory):
    """A lab directory over one such host, which is asked past deeprig at any of its addresses."""

    @property
    def address(self) -> str:
        """Return the address that the host was installed with."""
        return self.state.host(HOST).address

    @property
    def namespace(self) -> str:
        """Return the network namespace in which the controller is."""
        return self.state.id

    def declare(self, network: dict[str, Any], address: str | None = None) -> None:
        """Declare the host's network, and where the controller finds it."""
        reach = {"ssh_hostname": address or self.address, "ssh_port": 22}
        self.hosts(**{HOST: reach})
        self.write(
            "deploy/workstation.py",
            "from deeprig.compose import deploy_roles\ndeploy_roles('network')\n",
        )
        self.data(
            roles=["network"],
            network={"confirm_seconds": 45} | network,
            ssh_known_hosts_file=str(self.known_hosts),
        )

    @property
    def known_hosts(self) -> Path:
        """Return a known_hosts file of this test, which names the host by its address."""
        path = self.path / "known_hosts"
        if not path.exists():
            port = self.state.host(HOST).ssh_port
            lines = self.state.known_hosts.read_text().splitlines()
            mine = [line.split(" ", 1)[1] for line in lines if f":{port} " in line]
            path.write_text("".join(f"{self.address} {key}\n" for key in mine))
        return path

    def lan(self, **values: Any) -> dict[str, Any]:
        """Return the declaration of the host's interface as it was installed, or changed."""
        lan = {
            "addresses": [f"{self.address}/24"],
            "routes": [{"to": "default", "via": BRIDGE_ADDRESS}],
        }
        return {"ethernets": {"host0": lan | values}}

    def command(self, *arguments: str) -> list[str]:
        """Return a command line that runs deeprig inside the lab's network."""
        return ["ip", "netns", "exec", self.namespace, *super().command(*arguments)]

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command in a session of its own, for a test that ends it."""
        return subprocess.Popen(
            self.command(*arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=self.path,
            env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
            start_new_session=True,
        )

    def at(self, address: str, command: str) -> subprocess.CompletedProcess[str]:
        """Run a command on the host at one of its addresses, as root; 255 is no connection."""
        words = ["ip", "netns", "exec", self.namespace, "ssh", "-F", "/dev/null"]
        words += ["-i", str(self.state.key), "-o", "BatchMode=yes", "-o", "LogLevel=ERROR"]
        words += ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"]
        words += ["-o", "ConnectTimeout=3", "-o", "ServerAliveInterval=2", f"root@{address}"]
        return subprocess.run(
            [*words, command], capture_output=True, text=True, timeout=120, check=False
        )

    def files(self, address: str | None = None) -> dict[str, str]:
        """Return the netplan files on the host."""
        command = 'cd /etc/netplan && for f in *; do echo "@$f"; cat "$f"; done'
        told = self.at(address or self.address, command).stdout
        parts = (part.partition("\n") for part in told.split("@")[1:])
        return {name: text for name, _, text in parts}

    def status(self, address: str | None = None) -> dict[str, Any]:
        """Return what the host tells of an open change and the last one."""
        placed = "/opt/deeprig/programs/deeprig_host.pyz"
        # A host that has not been given the programs yet has no change either.
        none = """{ echo '{"change": null, "last_change": null}'; exit; }"""
        program = f"test -e {placed} || {none}; python3 {placed} network status"
        answer: dict[str, Any] = json.loads(self.at(address or self.address, program).stdout)
        return answer

    def wait(self, condition: Callable[[], Any], seconds: float = 120) -> None:
        """Wait until a condition holds."""
        until = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < until, "it did not come about"
            time.sleep(0.3)

    def addresses(self, at: str | None = None) -> set[str]:
        """Return the host's IPv4 addresses on its interface; none while it has none or is away."""
        shown = self.at(at or self.address, "ip -json -4 address show host0").stdout
        # In the moment in which netplan replaces its addresses, the list has no interface in it.
        links = json.loads(shown or "[]")
        return {a["local"] for link in links for a in link.get("addr_info", ())}

    def answers(self, address: str | None = None) -> bool:
        """Say whether the host answers at an address."""
        return self.at(address or self.address, "true").returncode == 0

    def as_installed(self, found_at: str) -> None:
        """Give the host, wherever it is now, the network that its installer left."""
        self._write_first_file(found_at)
        self.at(found_at, "systemd-run -q --collect netplan apply")
        self.wait(lambda: self.answers() and self.addresses() == {self.address})

    def _first_text(self) -> str:
        return _AS_INSTALLED.format(address=self.address, gateway=BRIDGE_ADDRESS)

    def _write_first_file(self, at: str) -> None:
        script = (
            "rm -rf /etc/netplan/* /etc/systemd/network/* /var/lib/deeprig/network; umask 077; "
            f"printf '%s' '{self._first_text()}' > {FIRST_FILE}"
        )
        done = self.at(at, script)
        assert done.returncode == 0, done.stderr


@contextmanager
def netplan_lab(directory: Path) -> Iterator[LabState]:
    """Bring up the lab of one host with netplan; take it down afterwards."""
    try:
        state = api.up(api.LabSpec(directory, 1, "debian12"))
        made = NetplanHost(directory, state, None)  # type: ignore[arg-type]
        done = made.at(made.address, INSTALL + _SIMULATE_UDEVADM)
        assert done.returncode == 0, done.stderr
        made.as_installed(made.address)
        yield state
    finally:
        api.down(directory)
        assert not directory.exists()
