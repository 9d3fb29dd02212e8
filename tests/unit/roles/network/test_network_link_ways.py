"""Routes, MTU, name servers, throughput and configuration: judged by what the host answers."""

import hashlib

import pytest

from roles.network.link.asking import Unreadable
from roles.network.link.configuration import configuration_findings
from roles.network.link.meant import meant_devices
from roles.network.link.mtu import mtu_findings
from roles.network.link.name_servers import name_of_packages, name_server_findings
from roles.network.link.reading import LINKS_COMMAND, read_links
from roles.network.link.routes import outside_address, route_findings
from roles.network.link.throughput import throughput_findings
from roles.network.netplan import NETPLAN_PATH, render
from tests.unit.roles.network.declared import LAN_MAC, SECOND_MAC, host, network
from tests.unit.roles.network.link_host import UNPLUGGED, Host, link

STATIC = {
    "mac": LAN_MAC,
    "addresses": ["192.0.2.11/24"],
    "routes": [{"to": "default", "via": "192.0.2.1"}],
}
GATEWAY = [{"dst": "192.0.2.1", "dev": "enp3s0", "prefsrc": "192.0.2.11", "flags": []}]
OUTSIDE = [{"dst": "203.0.113.1", "gateway": "192.0.2.1", "dev": "enp3s0", "flags": []}]
WIFI = [{"dst": "203.0.113.1", "gateway": "10.1.1.1", "dev": "wlp5s0", "flags": []}]
DEFAULT = [{"dst": "default", "gateway": "192.0.2.1", "protocol": "static", "metric": 100}]
WAYS = {
    "ip -json route get 192.0.2.1": GATEWAY,
    "ip -json route get 203.0.113.1": OUTSIDE,
    "ip -json -4 route show default dev enp3s0": DEFAULT,
    "ip -json -6 route show default dev enp3s0": "",
}


def lan(**values):
    return network(ethernets={"lan": STATIC | values})


def looked_at(settings, answers, *entries):
    """Return the host and what the findings are made of."""
    entries = entries or (link("enp3s0"), link("enp4s0"))
    asked = Host(answers | {LINKS_COMMAND: list(entries)})
    links = read_links(asked)
    return asked, meant_devices(settings, host(), links), links


def outcomes(findings):
    return {finding.name: finding.is_good for finding in findings}


def evidence(findings, name):
    return next(finding.evidence for finding in findings if finding.name == name)


# -- routes ----------------------------------------------------------------------------------


def routes(settings, *entries, **answers):
    ways = WAYS | {words.replace("_", " "): answer for words, answer in answers.items()}
    asked, meant, links = looked_at(settings, ways, *entries)
    return list(route_findings(asked, settings, meant, links))


OUT = "the IPv4 default route leads through lan"
NEAR = "lan: 192.0.2.1 is reached through it"
ROUTE = "lan: the route to default via 192.0.2.1 is there"
TO_OUTSIDE, TO_GATEWAY = "ip -json route get 203.0.113.1", "ip -json route get 192.0.2.1"


def test_the_default_route_must_lead_through_the_wired_interface_and_its_gateway():
    assert outcomes(routes(lan())) == {ROUTE: True, NEAR: True, OUT: True}
    wireless = routes(lan(), **{TO_OUTSIDE: WIFI})
    assert outcomes(wireless) == {ROUTE: True, NEAR: True, OUT: False}
    assert evidence(wireless, OUT) == ("through wlp5s0 via 10.1.1.1, not enp3s0 via 192.0.2.1")
    other = [OUTSIDE[0] | {"gateway": "192.0.2.99"}]
    assert outcomes(routes(lan(), **{TO_OUTSIDE: other}))[OUT] is False
    # What netplan wrote for an IPv4 destination behind an IPv6 gateway (RFC 8950).
    via = {k: v for k, v in OUTSIDE[0].items() if k != "gateway"} | {
        "via": {"family": "inet6", "host": "fe80::1"}
    }
    assert outcomes(routes(lan(), **{TO_OUTSIDE: [via]}))[OUT] is False


def test_no_route_at_all_is_a_failure_and_no_answer_is_no_verdict():
    unreachable = ("", "RTNETLINK answers: Network is unreachable\n", 2)
    found = routes(lan(), **{TO_OUTSIDE: unreachable})
    assert outcomes(found)[OUT] is False
    assert evidence(found, OUT).startswith("nowhere: the host has no route there")
    for answer in (("", 'Object "json" is unknown', 255), "no json", [], [{"dst": "x"}]):
        with pytest.raises(Unreadable):
            routes(lan(), **{TO_OUTSIDE: answer})


def test_a_gateway_that_is_reached_through_another_interface_fails():
    found = routes(lan(), **{TO_GATEWAY: [GATEWAY[0] | {"dev": "wlp5s0"}]})
    assert outcomes(found)[NEAR] is False


def test_a_link_local_gateway_is_looked_for_among_the_routes_of_the_interface():
    settings = lan(addresses=["2001:db8::11/64"], routes=[{"to": "default", "via": "fe80::1"}])
    six = {
        "ip -json route get 2001:db8:ffff:ffff::1": [OUTSIDE[0] | {"gateway": "fe80::1"}],
        "ip -json -6 route show default dev enp3s0": [{"dst": "default", "gateway": "fe80::1"}],
    }
    name, out = (
        "lan: the route to default via fe80::1 is there",
        "the IPv6 default route leads through lan",
    )
    assert outcomes(routes(settings, **six)) == {name: True, out: True}
    six["ip -json -6 route show default dev enp3s0"] = ""
    assert outcomes(routes(settings, **six)) == {name: False, out: True}


def test_a_declared_route_must_be_there():
    to = {"to": "10.20.0.0/16", "via": "192.0.2.2"}
    direct = {"to": "198.51.100.0/24", "via": "203.0.113.9", "on_link": True}
    settings = lan(routes=[to, direct])
    names = [f"lan: the route to {r['to']} via {r['via']} is there" for r in (to, direct)]
    near = "lan: 192.0.2.2 is reached through it"
    shown = [f"ip -json -4 route show {r['to']} dev enp3s0" for r in (to, direct)]
    answers = {
        "ip -json route get 192.0.2.2": GATEWAY,
        shown[0]: [{"dst": "10.20.0.0/16", "gateway": "192.0.2.2"}],
        shown[1]: [{"dst": "198.51.100.0/24", "gateway": "203.0.113.9", "flags": ["onlink"]}],
    }
    good = {names[0]: True, near: True, names[1]: True}
    assert outcomes(routes(settings, **answers)) == good
    for absent in ("", [{"dst": "10.20.0.0/16", "scope": "link"}]):
        found = routes(settings, **(answers | {shown[0]: absent}))
        assert outcomes(found) == good | {names[0]: False}
        assert evidence(found, names[0]) == "enp3s0: 10.20.0.0/16 via nobody"


def test_of_two_default_routes_the_one_with_the_lower_metric_is_expected():
    second = {"mac": SECOND_MAC, "dhcp4": True, "metric": 50}
    settings = network(ethernets={"lan": STATIC, "second": second})
    name = "the IPv4 default route leads through second"
    found = outcomes(routes(settings))
    assert found == {ROUTE: True, NEAR: True, name: False}
    through = {TO_OUTSIDE: [OUTSIDE[0] | {"dev": "enp4s0", "gateway": "198.51.100.1"}]}
    assert outcomes(routes(settings, **through)) == {ROUTE: True, NEAR: True, name: True}
    # An optional one that is not plugged in leaves it to the other.
    settings = network(ethernets={"lan": STATIC, "second": second | {"optional": True}})
    unplugged = link("enp4s0", flags=UNPLUGGED)
    assert outcomes(routes(settings, link("enp3s0"), unplugged)) == {
        ROUTE: True,
        NEAR: True,
        OUT: True,
    }


def test_an_advertised_default_route_may_be_absent_but_not_lead_elsewhere():
    second = {"mac": SECOND_MAC, "accept_ra": True}
    settings = network(ethernets={"lan": {"mac": LAN_MAC, "accept_ra": True}, "second": second})
    name = "the IPv6 default route leads through a declared interface"
    asked = "ip -json route get 2001:db8:ffff:ffff::1"
    for interface, is_good in (("enp3s0", True), ("enp4s0", True), ("wlp5s0", False)):
        way = [{"dst": "2001:db8::", "gateway": "fe80::1", "dev": interface}]
        assert outcomes(routes(settings, **{asked: way})) == {name: is_good}
    none = ("", "RTNETLINK answers: Network is unreachable\n", 2)
    assert routes(settings, **{asked: none}) == []


def test_a_device_without_a_default_route_is_not_asked_for_one():
    settings = network(
        ethernets={"lan": {"mac": LAN_MAC, "dhcp4": True, "dhcp_default_route": False}}
    )
    assert routes(settings) == []


def test_the_outside_is_in_no_declared_network():
    settings = network(
        ethernets={
            "lan": STATIC | {"addresses": ["203.0.113.9/24", "192.0.2.11/24"]},
        }
    )
    assert outside_address(settings, 4) == "198.51.100.1"
    assert outside_address(settings, 6) == "2001:db8:ffff:ffff::1"
    routed = [
        *STATIC["routes"],
        *({"to": f"{net}/24", "via": "192.0.2.1"} for net in ("203.0.113.0", "198.51.100.0")),
    ]
    assert outside_address(lan(routes=routed), 4) is None
    shown = {"ip -json -4 route show": DEFAULT}
    assert outcomes(routes(lan(routes=routed), **shown))[OUT] is None


# -- MTU -------------------------------------------------------------------------------------

FULL = "lan: 1500 bytes reach 192.0.2.1 in one piece"
THERE = "lan: the gateway 192.0.2.1 is there"


def probed(largest, by=None, said=None):
    return {"largest_bytes": largest, "reported_bytes": said, "reported_by": by}


def mtu(settings, answers, entry=None):
    asked, meant, links = looked_at(settings, WAYS | answers, entry or link("enp3s0"))
    return list(mtu_findings(asked, meant, links)), asked


def test_a_packet_of_the_full_mtu_must_come_back_from_the_gateway():
    found, _ = mtu(lan(), {"mtu enp3s0 192.0.2.1 1500": probed(1500)})
    assert outcomes(found) == {THERE: True, FULL: True}
    reported = probed(1400, "192.0.2.254", 1400)
    found, _ = mtu(lan(), {"mtu enp3s0 192.0.2.1 1500": reported})
    assert outcomes(found) == {THERE: True, FULL: False}
    assert evidence(found, FULL) == (
        "192.0.2.1 answers to 1400 bytes; 192.0.2.254 says that 1400 fit: lower mtu to 1400, or "
        "raise it on the way, or set mtu_probe_to"
    )


def test_the_interface_must_have_the_declared_mtu():
    declared = {"mtu enp3s0 192.0.2.1 9000": probed(1500, None, 1500)}
    found, _ = mtu(lan(mtu=9000), declared, link("enp3s0", mtu=1500))
    names = outcomes(found)
    assert names["lan: MTU 9000"] is False
    assert names["lan: 9000 bytes reach 192.0.2.1 in one piece"] is False
    assert "the interface itself says that 1500 fit" in found[-1].evidence
    fits = {"mtu enp3s0 192.0.2.1 9000": probed(9000)}
    found, _ = mtu(lan(mtu=9000), fits, link("enp3s0", mtu=9000))
    assert set(outcomes(found).values()) == {True}


def test_a_silent_gateway_is_judged_by_its_link_layer_address():
    silent = {"mtu enp3s0 192.0.2.1 1500": probed(None)}
    shown = "ip -json neighbour show to 192.0.2.1 dev enp3s0"
    known = [{"dst": "192.0.2.1", "lladdr": "3c:ec:ef:0a:0a:0a", "state": ["STALE"]}]
    found, _ = mtu(lan(mtu=1500), silent | {shown: known})
    assert outcomes(found) == {"lan: MTU 1500": True, THERE: True, FULL: None}
    assert "set mtu_probe_to to a machine that does" in evidence(found, FULL)
    # Where no MTU is declared, a gateway that drops echo requests (many clouds') is no fault.
    found, _ = mtu(lan(), silent | {shown: known})
    assert outcomes(found) == {THERE: True}
    for nobody in ([{"dst": "192.0.2.1", "state": ["FAILED"]}], ""):
        found, _ = mtu(lan(), silent | {shown: nobody})
        assert outcomes(found) == {THERE: False}
        assert "nobody on enp3s0 answers for 192.0.2.1" in evidence(found, THERE)


def test_a_target_beyond_the_gateway_is_asked_for_the_mtu_and_the_gateway_only_whether_it_is():
    settings = lan(mtu_probe_to="10.5.0.1")
    small = {"mtu enp3s0 192.0.2.1 84": probed(84)}
    found, _ = mtu(settings, small | {"mtu enp3s0 10.5.0.1 1500": probed(1500)})
    name = "lan: 1500 bytes reach 10.5.0.1 in one piece"
    assert outcomes(found) == {THERE: True, name: True}
    found, _ = mtu(settings, small | {"mtu enp3s0 10.5.0.1 1500": probed(None)})
    assert outcomes(found) == {THERE: True, name: None}
    assert "is it switched on?" in evidence(found, name)


def test_a_declared_mtu_without_anybody_to_ask_is_unknown_and_an_undeclared_one_no_check():
    alone = {"mac": LAN_MAC, "addresses": ["192.0.2.11/24"]}
    none = {"ip -json -4 route show default dev enp3s0": ""}
    found, _ = mtu(network(ethernets={"lan": alone}), none)
    assert found == []
    found, _ = mtu(network(ethernets={"lan": alone | {"mtu": 1500}}), none)
    assert outcomes(found) == {"lan: MTU 1500": True, "lan: 1500 bytes get through": None}
    assert "set mtu_probe_to" in found[-1].evidence


def test_a_probe_that_cannot_send_or_does_not_run_proves_nothing():
    dead = {
        "mtu enp3s0 192.0.2.1 1500": {"error": "[Errno 100] Network is down"},
        "ip -json neighbour show": "",
    }
    found, _ = mtu(lan(), dead)
    assert outcomes(found) == {THERE: False, FULL: None}
    for answer in (("", "python3: not found", 127), "Traceback", "[]"):
        with pytest.raises(Unreadable, match="the mtu probe gave no answer"):
            mtu(lan(), {"mtu enp3s0 192.0.2.1 1500": answer})


# -- names -----------------------------------------------------------------------------------

APT = {
    "apt-config dump": "",
    "apt-get indextargets": "http://archive.example.org/debian/\nhttp://archive.example.org/debian/",
}
RESOLVES = "the host resolves names"
FOUND = "198.51.100.7   STREAM archive.example.org\n198.51.100.7   DGRAM\n"
GETENT = "timeout 30 getent ahosts"


def names(settings, answers):
    asked, meant, links = looked_at(settings, APT | answers)
    return list(name_server_findings(asked, settings, meant, links))


def test_each_name_server_must_answer_and_the_host_must_resolve():
    settings = lan(nameservers=["192.0.2.53", "2001:db8::53"])
    asked = [f"dns {server} archive.example.org" for server in ("192.0.2.53", "2001:db8::53")]
    answers = {text: {"code": 0, "records": 1} for text in asked} | {GETENT: FOUND}
    first, second = (
        f"lan: name server {server} answers" for server in ("192.0.2.53", "2001:db8::53")
    )
    found = names(settings, answers)
    assert outcomes(found) == {first: True, second: True, RESOLVES: True}
    assert evidence(found, RESOLVES) == "archive.example.org: 198.51.100.7"
    dead = {asked[1]: {"silence": "no answer within 6 s"}}
    assert outcomes(names(settings, answers | dead)) == {
        first: True,
        second: False,
        RESOLVES: True,
    }
    for code in (2, 5, 9):
        found = names(settings, answers | {asked[0]: {"code": code, "records": 0}})
        assert outcomes(found)[first] is False
        assert "set dns_probe_name" in evidence(found, first)
    # A server for this network alone: it need not know where packages come from.
    inside = {asked[0]: {"code": 3, "records": 0}}
    assert outcomes(names(settings, answers | inside))[first] is True


def test_the_declared_name_must_be_known_to_every_server():
    settings = network(
        ethernets={"lan": STATIC | {"nameservers": ["192.0.2.53"]}},
        dns_probe_name="files.lab.example",
    )
    title = "lan: name server 192.0.2.53 knows files.lab.example"
    shown = {GETENT: "192.0.2.5 STREAM files.lab.example\n"}
    asked = "dns 192.0.2.53 files.lab.example"
    known = names(settings, shown | {asked: {"code": 0, "records": 1}})
    assert outcomes(known) == {title: True, RESOLVES: True}
    for answer in ({"code": 3, "records": 0}, {"code": 0, "records": 0}):
        assert outcomes(names(settings, shown | {asked: answer}))[title] is False
    unknown = {asked: {"code": 3, "records": 0}, GETENT: 2}
    found = names(settings, unknown)
    assert outcomes(found)[RESOLVES] is False
    assert "set dns_probe_name to a name that this network knows" in evidence(found, RESOLVES)


def test_a_resolver_that_is_silent_fails_and_one_that_cannot_be_asked_is_unknown():
    assert outcomes(names(lan(), {GETENT: 124})) == {RESOLVES: False}
    assert outcomes(names(lan(), {GETENT: ("", "getent: not found", 127)})) == {RESOLVES: None}
    assert outcomes(names(lan(), {GETENT: ("", "", 0)})) == {RESOLVES: False}


def test_without_a_name_the_resolver_is_not_judged_or_unknown_where_servers_are_declared():
    addresses = {"apt-get indextargets": "http://192.0.2.8/debian/\nfile:/srv/debian/\n"}
    assert names(lan(), addresses) == []
    settings = lan(nameservers=["192.0.2.53"])
    found = names(settings, addresses | {"dns 192.0.2.53 .": {"code": 0, "records": 13}})
    name = "lan: name server 192.0.2.53 answers"
    assert outcomes(found) == {name: True, RESOLVES: None}
    assert evidence(found, name) == "192.0.2.53: the root: no error, 13 records"


def test_a_link_local_name_server_is_asked_on_its_interface():
    settings = lan(nameservers=["fe80::53"])
    answers = {"dns fe80::53%enp3s0 archive.example.org": {"code": 0, "records": 1}, GETENT: FOUND}
    assert outcomes(names(settings, answers))["lan: name server fe80::53 answers"] is True


def test_the_name_asked_for_is_the_one_that_apt_needs():
    def name(dump="", sites=APT["apt-get indextargets"]):
        return name_of_packages(Host({"apt-config dump": dump, "apt-get indextargets": sites}))

    assert name() == "archive.example.org"
    assert name('Acquire::http::Proxy "http://proxy.example.org:3128/";\n') == "proxy.example.org"
    assert name('Acquire::http::Proxy "http://192.0.2.9:3128/";\n') is None
    assert name('Acquire::http::Proxy "DIRECT";\n') == "archive.example.org"
    assert name('Acquire::https::Proxy "http://192.0.2.9:3128";\n') == "archive.example.org"
    assert name(sites="") is None
    assert name(sites="https://[2001:db8::8]/debian/\nhttps://b.example.org/x\n") == "b.example.org"
    for dump, sites in ((("", "broken", 100), ""), ("", ("", "broken", 100))):
        with pytest.raises(Unreadable):
            name(dump, sites)


# -- throughput ------------------------------------------------------------------------------

PEER = {"address": "192.0.2.5", "least_mbps": 900, "seconds": 2}
TO, FROM = "at least 900 Mbit/s to 192.0.2.5", "at least 900 Mbit/s from 192.0.2.5"
WIRED = "192.0.2.5 is reached through a declared interface"
BUSY = "error - the server is busy running a test. try again later"
RUN = "timeout 22 iperf3 --json --client 192.0.2.5 --port 5201 --time 2 --connect-timeout 5000"


def measured(bits):
    return {
        "end": {"sum_sent": {"bits_per_second": 9e9}, "sum_received": {"bits_per_second": bits}}
    }


def throughput(to, reverse=None, way="enp3s0"):
    settings = network(ethernets={"lan": STATIC}, link_peer=PEER)
    reverse = measured(1e9) if reverse is None else reverse
    asked = Host(
        {
            RUN: to,
            f"{RUN} --reverse": reverse,
            "ip -json route get 192.0.2.5": [{"dst": "192.0.2.5", "dev": way}],
        }
    )
    return list(throughput_findings(asked, settings.link_peer, frozenset({"enp3s0"}))), asked


def test_what_arrives_each_way_must_reach_the_threshold():
    found, _ = throughput(measured(941e6))
    assert outcomes(found) == {WIRED: True, TO: True, FROM: True}
    assert evidence(found, TO) == "941 Mbit/s in 2 s"
    found, _ = throughput(measured(941e6), measured(93e6))
    assert outcomes(found) == {WIRED: True, TO: True, FROM: False}
    found, _ = throughput(measured(899e6))
    assert outcomes(found)[TO] is False


def test_a_peer_that_is_reached_by_wifi_is_not_measured():
    found, asked = throughput(0, way="wlp5s0")
    assert outcomes(found) == {WIRED: False}
    assert not any("iperf3" in text for text in asked.asked)


def test_a_missing_program_or_a_peer_that_does_not_answer_fails_with_the_remedy():
    missing, _ = throughput(("", "timeout: failed to run command 'iperf3'", 127))
    assert outcomes(missing)[TO] is False
    assert "apply the role network, which installs it" in evidence(missing, TO)
    refused = {"error": "error - unable to connect to server: Connection refused"}
    silent, _ = throughput((refused, "", 1))
    assert outcomes(silent)[TO] is False
    assert "start `iperf3 --server --port 5201` on 192.0.2.5" in evidence(silent, TO)
    hanging, _ = throughput(124)
    assert outcomes(hanging)[TO] is False
    assert "exit 124" in evidence(hanging, TO)


def test_an_answer_without_a_number_is_unknown():
    for answer in ({"end": {}}, {"end": {"sum_received": {"bits_per_second": None}}}, "", "[]"):
        found, _ = throughput(answer)
        assert outcomes(found)[TO] is None


def test_a_busy_server_is_waited_for_and_its_last_word_is_no_verdict(monkeypatch):
    monkeypatch.setattr("roles.network.link.throughput._BETWEEN_TRIES_SECONDS", 0)
    busy = ({"error": BUSY}, "", 1)

    class Queue(Host):
        """Is busy twice, then measures."""

        def run(self, command, *arguments):
            turns = sum("iperf3" in text for text in self.asked)
            self.answers |= {RUN: busy if turns < 2 else measured(1e9)}
            return super().run(command, *arguments)

    way = {"ip -json route get 192.0.2.5": GATEWAY}
    peer = network(ethernets={"lan": STATIC}, link_peer=PEER).link_peer
    asked = Queue(way)
    found = outcomes(throughput_findings(asked, peer, frozenset({"enp3s0"})))
    assert found == {WIRED: True, TO: True, FROM: True}
    assert sum("iperf3" in text for text in asked.asked) == 4
    monkeypatch.setattr("roles.network.link.throughput._TURN_SECONDS", -1)
    found, _ = throughput(busy)
    assert outcomes(found)[TO] is None
    assert "verify fewer hosts at once" in evidence(found, TO)


# -- configuration ---------------------------------------------------------------------------

SAYS, PRIVATE = f"{NETPLAN_PATH} says what is declared", f"{NETPLAN_PATH} is root's alone"
EARLIER, CLOUD = "no earlier netplan file adds to it", "cloud-init leaves the network alone"
CLOSED = "no network change is left open"


def observed(settings, **values):
    text = render(settings, host()).text.encode()
    file = {"path": NETPLAN_PATH, "mode": "600", "sha256": hashlib.sha256(text).hexdigest()}
    told = {
        "netplan_files": [file | {"devices": []}],
        "cloud_init": {
            "is_installed": True,
            "is_disabled": False,
            "is_network_disabled": True,
            "has_our_switch": True,
        },
        "change": None,
        "is_armed": False,
        "seconds_left": None,
        "last_change": None,
    }
    return told | values


def configuration(settings=None, **values):
    settings = settings or lan()
    return list(configuration_findings(settings, host(), observed(settings, **values)))


def test_the_declared_configuration_is_there_closed_and_cloud_init_off():
    names = (SAYS, PRIVATE, EARLIER, CLOUD, CLOSED)
    assert outcomes(configuration()) == dict.fromkeys(names, True)
    found = configuration(last_change={"phase": "rolled-back"})
    assert evidence(found, CLOSED) == "the last one: rolled-back"


def test_another_text_mode_or_none_at_all_fails():
    own = observed(lan())["netplan_files"][0]
    assert outcomes(configuration(netplan_files=[]))[SAYS] is False
    other = configuration(netplan_files=[own | {"sha256": "0" * 64}])
    assert (outcomes(other)[SAYS], outcomes(other)[PRIVATE]) == (False, True)
    public = configuration(netplan_files=[own | {"mode": "644"}])
    assert (outcomes(public)[SAYS], outcomes(public)[PRIVATE]) == (True, False)


def test_a_declaration_that_the_host_cannot_have_fails():
    settings = lan()
    absent = network(ethernets={"usb": {"name": "enx1", "dhcp4": True}})
    found = list(configuration_findings(absent, host(), observed(settings)))
    assert outcomes(found)[SAYS] is False
    assert "the host has no such wired interface" in evidence(found, SAYS)


def test_an_earlier_file_about_a_declared_interface_fails_and_an_unread_one_is_unknown():
    own = observed(lan())["netplan_files"]

    def judged(devices):
        device = {"kind": "ethernets", "id": "enp3s0", "match": None, "set_name": None}
        told = None if devices is None else [device | found for found in devices]
        file = {"path": "/etc/netplan/50-cloud-init.yaml", "mode": "600", "sha256": "0"}
        return outcomes(configuration(netplan_files=[*own, file | {"devices": told}]))[EARLIER]

    assert judged([{}]) is False
    assert judged([{"id": "wlp5s0"}]) is True
    assert judged(None) is None


def test_cloud_init_must_not_write_unless_it_may_or_is_not_there():
    told = observed(lan())["cloud_init"]

    def judged(settings=None, **values):
        return outcomes(configuration(settings, cloud_init=told | values)).get(CLOUD)

    assert judged(is_network_disabled=False) is False
    assert judged(is_network_disabled=False, is_disabled=True) is True
    assert judged(is_network_disabled=False, is_installed=False) is None
    allowed = network(ethernets={"lan": STATIC}, disable_cloud_init=False)
    assert judged(allowed, is_network_disabled=False) is None


def test_an_open_change_or_an_armed_way_back_fails():
    change = {"id": "20260101T000000Z-abc", "phase": "applied"}
    found = configuration(change=change, is_armed=True, seconds_left=33.2)
    assert outcomes(found)[CLOSED] is False
    assert evidence(found, CLOSED).endswith("is applied; the host goes back in 33 s")
    assert outcomes(configuration(is_armed=True))[CLOSED] is False
