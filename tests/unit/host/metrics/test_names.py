"""The list of metrics keeps Prometheus' rules of naming."""

import re

import pytest
from deeprig_host.gpu.clocks import EVENT_REASONS, HOLD_REASONS
from deeprig_host.metrics import names
from deeprig_host.metrics.collector import READERS, READERS_AFTER_GPUS
from deeprig_host.metrics.names import METRICS

_NO_BASE_UNITS = ("percent", "celcius", "mhz", "megahertz", "milliwatts", "milliseconds", "minutes")


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_a_metric_is_named_as_prometheus_wants(metric):
    assert re.fullmatch(r"deeprig_[a-z][a-z_]*[a-z]", metric.name)
    assert (metric.kind == "counter") == metric.name.endswith("_total")
    assert not any(unit in metric.name for unit in _NO_BASE_UNITS)
    assert metric.help.endswith(".")
    assert "\n" not in metric.help
    assert len(set(metric.labels)) == len(metric.labels)
    assert all(re.fullmatch(r"[a-z]+", label) for label in metric.labels)
    assert not metric.values or metric.labels


def test_no_name_is_there_twice():
    assert len({metric.name for metric in METRICS}) == len(METRICS) > 60


def test_the_names_of_clock_events_are_nvmls():
    assert tuple(name for name, _ in EVENT_REASONS) == names.CLOCK_EVENT_REASONS
    assert tuple(name for name, _ in HOLD_REASONS) == names.CLOCK_HOLD_REASONS


def test_every_part_of_the_collector_is_named():
    read = {part for part, _ in (*READERS, *READERS_AFTER_GPUS)}
    assert set(names.PARTS) == {"nvml", "gpu"} | read


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("TEMPERATURE", "celsius"),
        ("ENERGY", "joules"),
        ("FAN_SPEED", "ratio"),
        ("PCIE_WIDTH", "lanes"),
        ("GPU_UP", ""),
    ],
)
def test_the_unit_is_the_end_of_the_name(name, unit):
    assert getattr(names, name).unit == unit
