"""Checks of the network role: the proof that each declared link carries what it shall.

Read on a fresh connection from the host itself, and from what comes back over the wire. The clock
is no part of it: the role maintenance keeps it, and its checks say whether it is synchronised.
Where nothing is declared, the network is left alone, and no check applies.
"""

from __future__ import annotations

import shlex
from functools import cache
from types import SimpleNamespace

import pytest

from deeprig.tasks.host_programs import program_words
from roles.network.link.addresses import address_findings, settled_links
from roles.network.link.asking import Unreadable, run_json
from roles.network.link.configuration import configuration_findings
from roles.network.link.meant import interface_names, meant_devices
from roles.network.link.mtu import mtu_findings
from roles.network.link.name_servers import name_server_findings
from roles.network.link.routes import route_findings
from roles.network.link.speed import speed_findings
from roles.network.link.state import state_findings
from roles.network.link.throughput import throughput_findings
from roles.network.observed import host_network


@pytest.fixture(scope="module")
def once(host):
    """Return functions that look at the host when they are first called, and then remember.

    A fixture of the module that looked by itself would do so where the role does not apply, too.
    """
    return SimpleNamespace(
        observed=cache(lambda: _observation(host)), links=cache(lambda: settled_links(host))
    )


def _observation(host):
    told = run_json(host, shlex.join(program_words("network", "observe")))
    if not isinstance(told, dict) or "interfaces" not in told:
        raise Unreadable(f"the network program gave no observation: {told}")
    return told


@pytest.fixture
def observed(once):
    """Return what the placed program tells of the host's network."""
    return once.observed()


@pytest.fixture
def network(facts, observed):
    """Return the host's interfaces as the declaration is matched with them."""
    return host_network(observed, is_container=facts.is_container)


@pytest.fixture
def links(once):
    """Return the links, once it is known which addresses are duplicates."""
    return once.links()


@pytest.fixture
def meant(settings, network, links):
    """Return the interfaces of every declared device."""
    return meant_devices(settings, network, links)


@pytest.fixture
def record(check):
    """Return what records every finding."""

    def recording(findings):
        for finding in findings:
            check(finding.name, finding.is_good, finding.evidence)

    return recording


def test_the_configuration_is_the_declared_one(settings, network, observed, record):
    """The file is what was declared, cloud-init writes none, and no change is left open."""
    record(configuration_findings(settings, network, observed))


def test_every_declared_interface_is_up_and_plugged_in(meant, links, record):
    """Interfaces, members of bonds and VLANs are there and have a carrier."""
    record(state_findings(meant, links))


def test_the_negotiated_speed_is_the_expected_one(host, meant, links, record):
    """The link is as fast as declared, in full duplex."""
    record(speed_findings(host, meant, links))


def test_the_addresses_are_there_and_nobody_elses(host, meant, links, record):
    """Static addresses and leases are there, and no other machine has one of them."""
    record(address_findings(host, meant, links))


def test_the_default_route_is_wired(host, settings, meant, links, record):
    """Gateways and the outside are reached through the declared interfaces."""
    record(route_findings(host, settings, meant, links))


def test_packets_of_the_full_mtu_get_through(host, meant, links, record):
    """A packet of the full MTU, not to be fragmented, comes back from the gateway or target."""
    record(mtu_findings(host, meant, links))


def test_names_are_resolved(host, settings, meant, links, record):
    """Each declared name server answers, and so does the host's own resolver."""
    record(name_server_findings(host, settings, meant, links))


def test_the_throughput_to_the_peer_is_enough(host, settings, meant, record):
    """iperf3 measures both ways, where a peer is declared."""
    if settings.link_peer is None:
        pytest.skip("no link_peer is declared: no throughput is measured")
    record(throughput_findings(host, settings.link_peer, interface_names(meant)))
