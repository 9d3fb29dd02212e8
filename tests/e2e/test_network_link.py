"""`verify` proves the links of a real host, and sees every way in which one does not work.

The role has configured the host; then the host, the wire or the declaration is damaged, and exactly
the checks that are about it fail.
"""

import json
import os
import shutil

import pytest

from deeprig.tasks.host_programs import PROGRAMS
from tests.e2e.running import ROOT
from tests.e2e.wired_host import DHCP, DNS, IPERF, NAME, WiredHost, wired_lab

ROUTE = "the IPv4 default route leads through lab0"
FAR = "lab0: 1500 bytes reach 10.88.0.2 in one piece"
KNOWS = f"lab0: name server 192.0.2.53 knows {NAME}"
RESOLVES = "the host resolves names"
TO, FROM = "at least 10 Mbit/s to 192.0.2.1", "at least 10 Mbit/s from 192.0.2.1"
LEASE = "lab1: has an IPv4 address from the network"
TAKEN = "lab1: no other machine has 198.51.100.20"
FILE = "/etc/netplan/90-deeprig.yaml"
#: A network change that is begun and not ended.
ORDER = {
    "kind": "netplan",
    "files": [{"path": "/etc/netplan/95-test.yaml", "content": "network: {version: 2}\n"}],
    "confirm_seconds": 600,
}


@pytest.fixture(scope="module")
def wired_state():
    with wired_lab(ROOT / ".lab" / f"wired-{os.getpid()}") as state:
        yield state


@pytest.fixture(scope="module")
def host(wired_state, tmp_path_factory):
    """A host that has the declared network."""
    made = WiredHost(tmp_path_factory.mktemp("wired") / "lab", wired_state, None)
    made.path.mkdir()
    made.declare(made.network())
    made.run("apply")
    made.wait(made.is_whole)
    yield made
    shutil.rmtree(made.path)


def evidence(checks, name):
    (found,) = (check["evidence"] for check in checks if check["name"] == name)
    return found


def bad(checks):
    return {check["name"]: check["outcome"] for check in checks if check["outcome"] != "pass"}


def test_links_that_work_are_proven(host):
    checks = host.checks(code=0)
    assert bad(checks) == {}
    names = {check["name"] for check in checks}
    assert {ROUTE, FAR, KNOWS, RESOLVES, TO, FROM, LEASE} < names
    assert {"lab0: up, with carrier", "lab0: has 192.0.2.11/24", "lab0: full duplex"} < names
    assert {"lab0: no other machine has 192.0.2.11", TAKEN} < names
    assert "Mbit/s in 1 s" in evidence(checks, TO)


def test_a_cut_cable_is_seen(host):
    with host.damaged("ip -n wire link set end0 down", "ip -n wire link set end0 up"):
        checks = host.checks()
    found = bad(checks)
    assert found["lab0: up, with carrier"] == found[ROUTE] == found[RESOLVES] == "fail"
    assert "without carrier: plug the cable in" in evidence(checks, "lab0: up, with carrier")
    # What cannot be measured on a dead link did not pass.
    assert found[FAR] == "unknown"
    assert not any(name.startswith(("lab1", "host0")) for name in found)


def test_a_wrong_gateway_is_seen(host):
    replace = "ip route replace default via {} dev lab0 proto static metric 100"
    with host.damaged(replace.format("192.0.2.99"), replace.format("192.0.2.1")):
        checks = host.checks()
    nobody = "lab0: the gateway 192.0.2.99 is there"
    absent = "lab0: the route to default via 192.0.2.1 is there"
    assert bad(checks) == {absent: "fail", ROUTE: "fail", nobody: "fail", FAR: "unknown"}
    assert evidence(checks, ROUTE) == "through lab0 via 192.0.2.99, not lab0 via 192.0.2.1"
    assert "nobody on lab0 answers for 192.0.2.99" in evidence(checks, nobody)


def test_another_interface_that_takes_the_default_route_is_seen(host):
    wireless = (
        "ip link add wlan9 type veth peer name wlan8 && ip link set wlan8 up && "
        "ip link set wlan9 up && ip address add 10.66.0.2/24 dev wlan9 && "
        "ip route add default via 10.66.0.1 dev wlan9 metric 50"
    )
    with host.damaged(wireless, "ip link delete wlan9"):
        checks = host.checks()
    assert bad(checks) == {ROUTE: "fail"}
    assert evidence(checks, ROUTE).startswith("through wlan9 via 10.66.0.1, not lab0")


def test_dead_servers_a_small_mtu_and_duplicate_addresses_are_seen_each_for_itself(host):
    """IPv6 finds a duplicate when it gets the address; of an IPv4 one the kernel says nothing."""
    duplicate = "2001:db8:5::11/64"
    damage = f"""set -e
systemctl stop wire-dns wire-iperf wire-dhcp
systemctl restart systemd-resolved
networkctl reconfigure lab1
ip -n wire link set way0 mtu 1400
ip -n wire address add 198.51.100.20/32 dev end1
ip -n wire address add {duplicate} dev end0 nodad
ip address delete {duplicate} dev lab0
ip address add {duplicate} dev lab0
"""
    mend = f"""set -e
ip -n wire address delete 198.51.100.20/32 dev end1
ip -n wire address delete {duplicate} dev end0
ip address delete {duplicate} dev lab0
ip -n wire link set way0 mtu 1500
{DNS}
{IPERF}
{DHCP}
networkctl reconfigure lab0 lab1
"""
    with host.damaged(damage, mend):
        checks = host.checks()
    name = f"lab0: has {duplicate}"
    silent = dict.fromkeys((KNOWS, RESOLVES, TO, FROM, LEASE), "fail")
    assert bad(checks) == {name: "fail", TAKEN: "fail", FAR: "fail"} | silent
    assert "another machine has it" in evidence(checks, name)
    assert "answers for it too" in evidence(checks, TAKEN)
    assert evidence(checks, FAR) == (
        "10.88.0.2 answers to 1400 bytes; 192.0.2.1 says that 1400 fit: lower mtu to 1400, or "
        "raise it on the way"
    )
    assert "start `iperf3 --server --port 5201` on 192.0.2.1" in evidence(checks, TO)


def test_a_link_below_its_declaration_is_seen(host):
    """Without a name to ask for it is where packages come from, which this wire does not know."""
    network = host.network()
    network["ethernets"]["lab0"] |= {"expected_speed_mbps": 25_000, "mtu": 9000}
    network["ethernets"]["lab9"] = {"dhcp4": True, "dhcp_default_route": False}
    network["link_peer"]["least_mbps"] = 1_600_000
    del network["dns_probe_name"]
    host.declare(network)
    try:
        # The other end still drops what is larger than 1500 bytes, and says nothing.
        with host.damaged("ip link set lab0 mtu 9000", "ip link set lab0 mtu 1500"):
            checks = host.checks()
    finally:
        host.declare(host.network())
    too_much = TO.replace(" 10 ", " 1600000 "), FROM.replace(" 10 ", " 1600000 ")
    absent, speed = "lab9: up, with carrier", "lab0: at least 25000 Mbit/s"
    far, server = FAR.replace("1500", "9000"), "lab0: name server 192.0.2.53 answers"
    names = (*too_much, absent, speed, far, server, RESOLVES, f"{FILE} says what is declared")
    assert bad(checks) == dict.fromkeys(names, "fail")
    assert "lab0: MTU 9000" in {check["name"] for check in checks}
    assert evidence(checks, speed).startswith("lab0: 10000 Mbit/s: look at the cable")
    assert evidence(checks, far).startswith("10.88.0.2 answers to 15")
    assert "set dns_probe_name" in evidence(checks, server)


def test_what_lies_on_the_host_is_compared(host):
    """Cloud-init is simulated: a file where its program would be."""
    program = f"python3 {PROGRAMS} network"
    damage = f"""set -e
printf '%s' '{json.dumps(ORDER)}' | {program} stage
cp -a {FILE} /root/kept.yaml
echo '# by hand' >> {FILE}
chmod 644 {FILE}
printf 'network: {{version: 2, ethernets: {{lab0: {{mtu: 1400}}}}}}' > /etc/netplan/10-old.yaml
touch /usr/bin/cloud-init
mv /usr/bin/iperf3 /root/iperf3
"""
    mend = f"""set -e
mv /root/iperf3 /usr/bin/iperf3
rm /usr/bin/cloud-init /etc/netplan/10-old.yaml
mv /root/kept.yaml {FILE}
{program} rollback
"""
    with host.damaged(damage, mend):
        checks = host.checks()
    names = (
        f"{FILE} says what is declared",
        f"{FILE} is root's alone",
        "no earlier netplan file adds to it",
        "cloud-init leaves the network alone",
        "no network change is left open",
        TO,
        FROM,
    )
    assert bad(checks) == dict.fromkeys(names, "fail")
    assert "is armed; the host goes back in" in evidence(checks, names[4])
    assert "the host has no iperf3: apply the role network" in evidence(checks, TO)


def test_without_an_observation_nothing_passes(host):
    with host.damaged(f"mv {PROGRAMS} /root/kept.pyz", f"mv /root/kept.pyz {PROGRAMS}"):
        checks = host.checks()
    assert {check["outcome"] for check in checks} == {"unknown"}
    assert "can't open file" in checks[0]["evidence"]
