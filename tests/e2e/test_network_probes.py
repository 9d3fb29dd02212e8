"""The probes of the link proof on real wires: namespaces with a router between them, no host.

near 10.9.1.2 ── router 10.9.1.1, 10.9.2.1 ── far 10.9.2.2        (and the same with IPv6)
"""

import json
import os
import subprocess
import sys

import pytest

from tests.unit.roles.network.link_host import PROBES

NEAR, ROUTER, FAR = (f"deeprig-{name}-{os.getpid()}" for name in ("near", "router", "far"))
_WIRES = ((NEAR, "near0", ROUTER, "side0", 1), (FAR, "far0", ROUTER, "side1", 2))


def ip(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True)


def _join(end, name, router, side, net):
    ip("link", "add", name, "netns", end, "type", "veth", "peer", "name", side, "netns", router)
    for space, device, last in ((end, name, 2), (router, side, 1)):
        ip("-n", space, "address", "add", f"10.9.{net}.{last}/24", "dev", device)
        ip("-n", space, "address", "add", f"fd09:{net}::{last}/64", "dev", device, "nodad")
        ip("-n", space, "link", "set", device, "up")
    ip("-n", end, "route", "add", "default", "via", f"10.9.{net}.1")
    ip("-n", end, "route", "add", "default", "via", f"fd09:{net}::1")


@pytest.fixture
def wires():
    made = []
    try:
        for space in (NEAR, ROUTER, FAR):
            ip("netns", "add", space)
            made.append(space)
        for wire in _WIRES:
            _join(*wire)
        forwarding = ("net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")
        ip("netns", "exec", ROUTER, "sysctl", "-qw", *forwarding)
        yield
    finally:
        for space in made:
            ip("netns", "delete", space)


def probe(name, *arguments):
    """Run a probe in the near namespace, as a host would; return what it tells."""
    source = (PROBES / f"{name}.py").read_text()
    words = ["ip", "netns", "exec", NEAR, sys.executable, "-c", source, *arguments]
    return json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout)


def found(largest, by=None, said=None):
    return {"largest_bytes": largest, "reported_bytes": said, "reported_by": by}


@pytest.mark.parametrize(
    ("gateway", "target"), [("10.9.1.1", "10.9.2.2"), ("fd09:1::1", "fd09:2::2")], ids=["4", "6"]
)
def test_the_path_mtu_is_found_behind_a_router_and_behind_a_silent_switch(wires, gateway, target):
    assert probe("mtu", "near0", gateway, "1500") == found(1500)
    assert probe("mtu", "near0", target, "1500") == found(1500)
    ip("-n", ROUTER, "link", "set", "side1", "mtu", "1400")
    told = found(1400, gateway, 1400)
    assert probe("mtu", "near0", target, "1500") == told
    # What the kernel has learnt of the path changes nothing: it is asked anew.
    assert probe("mtu", "near0", target, "1500") == told
    assert probe("mtu", "near0", gateway, "1500") == found(1500)
    # Nobody says that a frame was too large; veth leaves room for a VLAN's tag of 4 bytes.
    ip("-n", NEAR, "link", "set", "near0", "mtu", "9000")
    assert probe("mtu", "near0", gateway, "9000") == found(1504)
    # The interface's own MTU is smaller than what is asked for.
    ip("-n", NEAR, "link", "set", "near0", "mtu", "1300")
    assert probe("mtu", "near0", gateway, "1500") == found(1300, None, 1300)


def test_a_link_local_gateway_is_reached_on_its_interface(wires):
    ip("-n", ROUTER, "address", "add", "fe80::1/64", "dev", "side0", "nodad")
    assert probe("mtu", "near0", "fe80::1", "1500") == found(1500)


def test_nobody_a_dead_wire_and_no_interface_are_told_apart(wires):
    assert probe("mtu", "near0", "10.9.1.77", "1500") == found(None)
    assert set(probe("mtu", "no-such-if0", "10.9.1.1", "1500")) == {"error"}
    ip("-n", NEAR, "link", "set", "near0", "down")
    assert "unreachable" in probe("mtu", "near0", "10.9.1.1", "1500")["error"]
    assert "down" in probe("arp", "near0", "10.9.1.2")["error"]


def test_another_machine_with_the_address_is_found(wires):
    assert probe("arp", "near0", "10.9.1.2") == {"others": []}
    ip("-n", ROUTER, "address", "add", "10.9.1.2/32", "dev", "side0")
    shown = subprocess.run(
        ["ip", "-n", ROUTER, "-json", "link", "show", "side0"], capture_output=True, check=True
    )
    assert probe("arp", "near0", "10.9.1.2") == {"others": [json.loads(shown.stdout)[0]["address"]]}


def test_a_machine_that_answers_for_itself_on_two_interfaces_is_no_duplicate(wires):
    """Linux answers on every interface for all of its addresses (arp_ignore)."""
    ip("-n", ROUTER, "address", "flush", "dev", "side0")
    ip("-n", ROUTER, "link", "add", "switch0", "type", "bridge")
    ip("-n", ROUTER, "link", "set", "switch0", "up")
    pair = ("link", "add", "near1", "netns", NEAR, "type", "veth")
    ip(*pair, "peer", "name", "side9", "netns", ROUTER)
    ip("-n", NEAR, "link", "set", "near1", "up")
    for side in ("side0", "side9"):
        ip("-n", ROUTER, "link", "set", side, "master", "switch0", "up")
    assert probe("arp", "near0", "10.9.1.2") == {"others": []}


def test_a_name_server_that_is_not_there_is_told_by_its_machine(wires):
    assert "refused" in probe("dns", "10.9.1.1", ".")["silence"]
