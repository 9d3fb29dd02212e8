"""A throwaway host with more interfaces, and what is at the other end of their cables.

Inside the host, in the namespaces `wire` and `far`, live a router, a name server, a DHCP server and
an iperf3 server, all real; the cables are veth pairs, which stand in for network cards.

    lab0 ── router 192.0.2.1, name server 192.0.2.53 ── far 10.88.0.2
    lab1 ── DHCP server 198.51.100.1

Bonds and VLANs are not here: kernels of containers' hosts often have neither. Their checks are
tested with what `ip` prints of them (tests/unit/roles/network).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deeprig.lab.state import BRIDGE_ADDRESS, PROXY_PORT, LabState
from tests.e2e.netplan_host import HOST, NetplanHost, netplan_lab

PACKAGES = ("iperf3", "dnsmasq-base", "systemd-resolved")
NAME = "files.lab.example"
_UNIT = "systemd-run --quiet --collect --unit={0}"
_IN_WIRE = "ip netns exec wire"
DNS = (
    f"{_UNIT.format('wire-dns')} {_IN_WIRE} dnsmasq --keep-in-foreground --conf-file=/dev/null "
    "--no-resolv --no-hosts --bind-interfaces --listen-address=192.0.2.53 --except-interface=lo "
    f"--address=/{NAME}/192.0.2.5"
)
DHCP = (
    f"{_UNIT.format('wire-dhcp')} {_IN_WIRE} dnsmasq --keep-in-foreground --conf-file=/dev/null "
    "--port=0 --bind-interfaces --interface=end1 --dhcp-leasefile=/run/wire-leases "
    "--dhcp-range=198.51.100.50,198.51.100.60,1h"
)
IPERF = f"{_UNIT.format('wire-iperf')} {_IN_WIRE} iperf3 --server"
_APT = f"apt-get -qy -o Acquire::http::Proxy=http://{BRIDGE_ADDRESS}:{PROXY_PORT}"
_SET_UP = f"""set -e
export DEBIAN_FRONTEND=noninteractive
{_APT} install {" ".join(PACKAGES)} >/dev/null
ip netns add wire
ip netns add far
for n in 0 1; do
  ip link add lab$n address 02:00:00:00:00:1$n type veth peer name end$n netns wire
  ip -n wire link set end$n up
done
ip -n wire link set lo up
ip -n wire address add 192.0.2.1/24 dev end0
ip -n wire address add 192.0.2.53/24 dev end0
ip -n wire address add 2001:db8:5::1/64 dev end0 nodad
ip -n wire address add 198.51.100.1/24 dev end1
ip link add way0 netns wire type veth peer name far0 netns far
ip -n wire address add 10.88.0.1/24 dev way0
ip -n wire link set way0 up
ip -n far address add 10.88.0.2/24 dev far0
ip -n far link set far0 up
ip -n far route add default via 10.88.0.1
{_IN_WIRE} sysctl -qw net.ipv4.ip_forward=1
{DNS}
{DHCP}
{IPERF}
"""
_IS_WHOLE = """set -e
ip -4 -o address show lab0 | grep -q 192.0.2.11/24
ip -6 -o address show lab0 -tentative | grep -q 2001:db8:5::11/64
ip -4 -o address show lab1 | grep -q dynamic
ip route get 203.0.113.1 | grep -q 'via 192.0.2.1 dev lab0'
getent ahosts files.lab.example
"""


class WiredHost(NetplanHost):
    """A lab directory over such a host."""

    def do(self, command: str) -> str:
        """Run a command on the host, which must succeed; return what it printed."""
        done = self.at(self.address, command)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def network(self) -> dict[str, Any]:
        """Return a declaration of every interface, to which all of the wire answers."""
        return {
            "ethernets": {
                "host0": {"addresses": [f"{self.address}/24"]},
                "lab0": {
                    "addresses": ["192.0.2.11/24", "2001:db8:5::11/64"],
                    "routes": [{"to": "default", "via": "192.0.2.1"}],
                    "nameservers": ["192.0.2.53"],
                    "search": ["lab.example"],
                    "mtu_probe_to": "10.88.0.2",
                    "expected_speed_mbps": 10_000,
                    "accept_ra": False,
                },
                "lab1": {
                    "dhcp4": True,
                    "dhcp_default_route": False,
                    "addresses": ["198.51.100.20/24"],
                },
            },
            "dns_probe_name": NAME,
            "link_peer": {"address": "192.0.2.1", "least_mbps": 10, "seconds": 1},
        }

    @contextmanager
    def damaged(self, damage: str, mend: str) -> Iterator[None]:
        """Damage the host or the wire for a while; afterwards all of it is as it was."""
        try:
            self.do(damage)
            yield
        finally:
            self.do(mend)
            self.wait(self.is_whole)

    def is_whole(self) -> bool:
        """Say whether addresses, lease and route are there."""
        return self.at(self.address, _IS_WHOLE).returncode == 0

    def checks(self, code: int = 1) -> list[dict[str, Any]]:
        """Verify, which ends with a code; return every check."""
        document = self.json("verify", code=code)
        found: list[dict[str, Any]] = document["hosts"][0]["checks"]
        return found


@contextmanager
def wired_lab(directory: Path) -> Iterator[LabState]:
    """Bring up the lab of one such host; what is inside it goes with it."""
    with netplan_lab(directory) as state:
        made = WiredHost(directory, state, None)  # type: ignore[arg-type]
        done = made.at(made.address, _SET_UP)
        assert done.returncode == 0, done.stderr
        yield state


__all__ = ["DHCP", "DNS", "HOST", "IPERF", "NAME", "WiredHost", "wired_lab"]
