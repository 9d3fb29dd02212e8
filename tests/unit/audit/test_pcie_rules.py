"""Rules about PCI Express links: width any time, speed never at idle, nothing of made-up links."""

import pytest

from deeprig.audit.pcie_rules import pcie_generation, pcie_lanes, pcie_seated
from tests.unit.audit import described_hosts as hosts


def with_link(document, address, **link):
    """Return the document with another link of one function."""
    for function in document["pci"]:
        if function["address"] == address:
            function["link"] |= link
    return document


@pytest.mark.parametrize(
    ("width", "outcome"), [(16, "pass"), (8, "pass"), (4, "warn"), (None, "unknown")]
)
def test_four_cards_need_eight_lanes_each(width, outcome):
    document = with_link(hosts.four_cards(), "0000:03:00.0", width=width)
    assert pcie_lanes(hosts.machine_of(document)).outcome == outcome


def test_up_to_three_cards_lanes_hardly_matter():
    document = hosts.put_in(hosts.workstation(), *map(hosts.rtx_4090, (1, 2, 3)), lanes=1)
    assert pcie_lanes(hosts.machine_of(document)).outcome == "not applicable"


@pytest.mark.parametrize(
    ("width", "port_width", "outcome"),
    [
        (16, 16, "pass"),
        (8, 8, "pass"),  # a slot of eight: the card cannot have more
        (8, 16, "pass"),  # ports that share sixteen lanes
        (4, 4, "pass"),
        (4, 16, "warn"),
        (1, 16, "warn"),
        (4, 8, "warn"),
        (None, 16, "unknown"),
        (16, None, "unknown"),
        (63, 16, "unknown"),  # a sleeping card reads as all ones
    ],
)
def test_a_link_is_as_wide_as_both_its_ends_or_has_eight_lanes(width, port_width, outcome):
    document = with_link(hosts.rtx_4090_workstation(), "0000:01:00.0", width=width)
    with_link(document, "0000:00:01.0", max_width=port_width)
    assert pcie_seated(hosts.machine_of(document)).outcome == outcome


def test_a_card_without_a_port_above_it_is_unknown():
    document = hosts.rtx_4090_workstation()
    document["pci"][2]["parents"] = []
    assert pcie_seated(hosts.machine_of(document)).outcome == "unknown"


def test_the_links_of_a_virtual_machine_are_made_up():
    machine = hosts.machine_of(hosts.passed_through())
    assert pcie_seated(machine).outcome == "unknown"
    assert pcie_generation(machine).outcome == "unknown"
    document = hosts.four_cards()
    document["system"] |= {"virtualization": "lxc", "is_container": True}
    with_link(document, "0000:03:00.0", width=1)
    assert pcie_lanes(hosts.machine_of(document)).outcome == "unknown"


@pytest.mark.parametrize(
    ("speed", "outcome"), [(16.0, "pass"), (2.5, "not applicable"), (None, "unknown")]
)
def test_a_slow_link_at_idle_is_never_held_against_the_machine(speed, outcome):
    document = with_link(hosts.rtx_4090_workstation(), "0000:01:00.0", speed_gts=speed)
    assert pcie_generation(hosts.machine_of(document)).outcome == outcome


def test_a_gpu_without_a_link_of_its_own_is_unknown():
    document = hosts.rtx_4090_workstation()
    document["pci"] = []
    machine = hosts.machine_of(document)
    assert pcie_seated(machine).outcome == "unknown"
    assert pcie_generation(machine).outcome == "unknown"


def test_without_a_gpu_no_link_is_graded():
    machine = hosts.machine_of(hosts.workstation())
    outcomes = {rule(machine).outcome for rule in (pcie_lanes, pcie_seated, pcie_generation)}
    assert outcomes == {"not applicable"}
