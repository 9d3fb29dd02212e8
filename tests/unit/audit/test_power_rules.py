"""Rules about the power supply, from what is declared and what the driver tells."""

import pytest

from deeprig.audit.power_rules import power_several_gpus, power_supply
from tests.unit.audit import described_hosts as hosts


def one_card(**declared):
    return hosts.machine_of(hosts.rtx_4090_workstation(), **declared)


@pytest.mark.parametrize(
    ("psu", "cpu", "outcome"),
    [
        # 450 W + 150 W: 660 W are needed, 726 W are good.
        (650, 150, "fail"),
        (659, 150, "fail"),
        (769, 250, "fail"),
        (770, 250, "warn"),  # 700 x 1.1, which is 770.0000000000001 in floating point
        (660, 150, "warn"),
        (725, 150, "warn"),
        (726, 150, "pass"),
        (850, None, "unknown"),
        (None, 150, "unknown"),
        (None, None, "unknown"),
        # The GPU alone takes more: no CPU makes that less.
        (490, None, "fail"),
    ],
)
def test_a_supply_carries_gpus_and_cpu_with_a_margin(psu, cpu, outcome):
    assert power_supply(one_card(psu_watts=psu, cpu_watts=cpu)).outcome == outcome


def test_what_is_not_declared_is_asked_for_by_its_name():
    assert "psu_watts" in power_supply(one_card()).remedy
    assert "cpu_watts" in power_supply(one_card(psu_watts=850)).remedy


def test_the_reckoning_is_shown():
    found = power_supply(one_card(psu_watts=850, cpu_watts=230))
    assert found.actual == "850 W for GPUs 450 W + CPU 230 W = x 1.25"
    machine = with_limits((300.0, 300.0), (300.0, 300.0), (None, None), psu_watts=1600)
    told = "cannot be told: 1600 W for GPUs 2 x 300 W (1 not told) + CPU not declared = x 2.67"
    assert power_supply(machine).actual == told


def with_limits(*limits, **declared):
    cards = [
        hosts.gpu(n, "2684", "card", 24564, power_limit_watts=now, power_max_watts=most)
        for n, (now, most) in enumerate(limits, start=1)
    ]
    return hosts.machine_of(hosts.put_in(hosts.workstation(), *cards), **declared)


def test_the_limit_in_force_counts_and_else_the_highest():
    lowered = with_limits((300.0, 450.0), psu_watts=550, cpu_watts=150)
    assert power_supply(lowered).outcome == "pass"
    only_highest = with_limits((None, 450.0), psu_watts=550, cpu_watts=150)
    assert power_supply(only_highest).outcome == "fail"


def test_a_gpu_that_tells_no_limit_leaves_it_unknown():
    machine = with_limits((300.0, 300.0), (None, None), psu_watts=1600, cpu_watts=150)
    assert power_supply(machine).outcome == "unknown"
    assert "nvidia-smi -q" in power_supply(machine).remedy


def test_before_a_driver_the_remedy_is_the_driver():
    card = hosts.before_driver(hosts.rtx_4090(1))
    document = hosts.put_in(hosts.workstation(), card)
    found = power_supply(hosts.machine_of(document, psu_watts=850, cpu_watts=150))
    assert found.outcome == "unknown"
    assert "deeprig apply" in found.remedy


@pytest.mark.parametrize(("psu", "outcome"), [(999, "warn"), (1000, "pass"), (None, "unknown")])
def test_several_high_end_cards_want_1000_watts(psu, outcome):
    machine = with_limits((250.0, 250.0), (350.0, 350.0), psu_watts=psu)
    assert power_several_gpus(machine).outcome == outcome


def test_cards_that_draw_little_or_are_alone_do_not():
    modest = with_limits((160.0, 160.0), (350.0, 350.0), psu_watts=750)
    assert power_several_gpus(modest).outcome == "not applicable"
    assert power_several_gpus(one_card(psu_watts=750)).outcome == "not applicable"


def test_cards_that_tell_nothing_may_be_high_end():
    silent = with_limits((None, None), (None, None), psu_watts=750)
    assert power_several_gpus(silent).outcome == "unknown"


@pytest.mark.parametrize("document", [hosts.workstation(), hosts.laptop()], ids=["none", "laptop"])
def test_no_gpu_and_a_laptop_ask_nothing_of_a_supply(document):
    machine = hosts.machine_of(document)
    assert power_supply(machine).outcome == "not applicable"
    assert power_several_gpus(machine).outcome == "not applicable"
