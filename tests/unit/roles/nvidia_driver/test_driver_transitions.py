"""From every declared state to every other: one order, and then nothing is left to do."""

import itertools

import pytest

from roles.nvidia_driver.decision import Change, NoChange, decide
from roles.nvidia_driver.installed import suffix_of
from roles.nvidia_driver.naming import TOOLS, is_driver_package
from roles.nvidia_driver.settings import NvidiaDriverSettings
from roles.nvidia_driver.versions import driver_version
from tests.unit.roles.nvidia_driver import hosts

VARIANTS = ("open", "proprietary")
UBUNTU = [
    *(
        {"source": "ubuntu", "branch": b, "flavour": f, "variant": v}
        for b, f, v in itertools.product(
            ("570", "580", "595"), ("full", "server", "compute"), VARIANTS
        )
    ),
    *(
        {"source": "nvidia", "branch": b, "flavour": f, "variant": v}
        for b, f, v in itertools.product(("570", "580", "595"), ("full", "compute"), VARIANTS)
    ),
]
DEBIAN = [
    *({"source": "debian", "variant": v, "branch": "535"} for v in VARIANTS),
    *(
        {"source": "nvidia", "branch": b, "flavour": f, "variant": v}
        for b, f, v in itertools.product(("570", "580", "595"), ("full", "compute"), VARIANTS)
    ),
]


def told(values: dict[str, str]) -> str:
    return "-".join(values.values())


def goes_to(seen, values):
    """The host after the change to a state, which must then be complete."""
    settings = NvidiaDriverSettings(**values)
    decision = decide(settings, seen)
    assert isinstance(decision, Change), decision
    after = hosts.carried_out(seen, decision)
    again = decide(settings, after)
    assert isinstance(again, NoChange), again
    assert {p.name for p in decision.order.install}.isdisjoint(decision.order.remove)
    versions = {
        driver_version(p.version)
        for p in after.packages
        if is_driver_package(p.name) and p.name not in TOOLS and not p.name.startswith("linux-")
    }
    assert versions <= {decision.order.version, None}
    branches = {suffix_of(p.name).branch for p in after.packages if is_driver_package(p.name)}
    assert branches <= {int(values["branch"]), None}
    return after


@pytest.mark.parametrize("first", UBUNTU, ids=told)
def test_an_ubuntu_host_goes_from_one_state_to_every_other(first):
    there = goes_to(hosts.ubuntu("24.04", "2684"), first)
    for second in UBUNTU:
        if second != first:
            goes_to(there, second)


@pytest.mark.parametrize("first", DEBIAN, ids=told)
def test_a_debian_host_goes_from_one_state_to_every_other(first):
    there = goes_to(hosts.debian("12", "2684"), first)
    for second in DEBIAN:
        if second != first:
            goes_to(there, second)
