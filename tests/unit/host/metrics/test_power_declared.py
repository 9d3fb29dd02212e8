"""The declared power limit of each card, from what the roles place."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from deeprig_host.metrics import names, power_declared
from deeprig_host.metrics.cooling import CONFIGURATION
from deeprig_host.metrics.part import PartFailed
from deeprig_host.metrics.samples import Samples

CURVE = "[defaults]\ncurve = 30:30 85:100\n"
UNIT = """[Service]
ExecStart=/usr/bin/nvidia-smi -pm 1
ExecStart=/usr/bin/nvidia-smi -pl 250
ExecStart=/usr/bin/nvidia-smi -i 00000000:02:00.0 -pl 300
"""
TEMPLATE = Path(__file__).parents[4] / "templates/nvidia_driver" / power_declared.UNIT[1:]
UUID = "GPU-00000000-0000-0000-0000-00000000000%d"


def declared(files):
    """Return the watts by the index of a card; two cards have answered."""
    samples = Samples()
    for index in range(2):
        who = (str(index), UUID % index, "Simulated card", f"0000:0{index + 1}:00.0", "")
        # A child process tells of the cards: the metric is another object there.
        samples.add(replace(names.GPU_INFO), 1, *who)
    power_declared.read(files.machine, samples)
    told = [one for one in samples if one.metric is names.POWER_LIMIT_DECLARED]
    assert all(one.labels[1] == UUID % int(one.labels[0]) for one in told)
    return {one.labels[0]: one.value for one in told}


def test_where_nothing_is_declared_nothing_is_told(files):
    assert declared(files) == {}
    files.place(CONFIGURATION, CURVE)
    assert declared(files) == {}


def test_the_daemons_limits_are_told_by_every_name_of_a_card(files):
    files.place(CONFIGURATION, CURVE + "power_limit_watts = 200\n")
    assert declared(files) == {"0": 200, "1": 200}
    for name in ("0000:02:00.0", UUID % 1, "1"):
        files.place(CONFIGURATION, f"{CURVE}[gpu {name}]\npower_limit_watts = 310\n")
        assert declared(files) == {"1": 310}


def test_under_a_budget_no_card_has_a_limit_of_its_own(files):
    text = CURVE + "power_limit_watts = 200\n[power]\nbudget_watts = 900\n"
    files.place(CONFIGURATION, text)
    files.place(power_declared.UNIT, UNIT)
    assert declared(files) == {}


def test_the_driver_units_limits_are_told(files):
    files.place(power_declared.UNIT, UNIT)
    assert declared(files) == {"0": 250, "1": 300}
    files.place(CONFIGURATION, CURVE)  # a daemon that leaves power alone
    assert declared(files) == {"0": 250, "1": 300}


def test_a_configuration_that_cannot_be_read_is_told(files):
    files.place(CONFIGURATION, "[defaults]\ncurve = 90:0\n")
    with pytest.raises(PartFailed, match=re.escape(CONFIGURATION)):
        declared(files)


def test_where_no_card_has_answered_nothing_is_read(files):
    files.place(CONFIGURATION, "nonsense")
    samples = Samples()
    power_declared.read(files.machine, samples)
    assert len(samples) == 0


def test_the_units_lines_are_those_that_the_role_writes():
    line = (
        "ExecStart=/usr/bin/nvidia-smi {% if address %}-i {{ address }} {% endif %}-pl {{ watts }}"
    )
    assert line in TEMPLATE.read_text().splitlines()
