"""The rule file and the dashboards: current, valid, and of names that exist."""

import json
import re
from pathlib import Path

import monitoring_files
import pytest
from deeprig_host.alerts import own_metrics
from deeprig_host.metrics import names

FILES = monitoring_files.FILES
DASHBOARDS = ("deeprig-machine.json", "deeprig-lab.json")
#: What the panels use of node_exporter's and of Prometheus' own.
OTHERS = {
    "ALERTS",
    "node_cpu_seconds_total",
    "node_filesystem_avail_bytes",
    "node_filesystem_size_bytes",
    "node_memory_MemAvailable_bytes",
    "node_memory_MemTotal_bytes",
    "node_network_receive_bytes_total",
    "node_network_transmit_bytes_total",
    "node_exporter_build_info",
    "up",
}
KNOWN = {metric.name for metric in (*names.METRICS, *own_metrics.METRICS)} | OTHERS
_WORDS = {"and", "by", "or", "on", "unless", "count", "sum", "min", "max", "avg", "time", "rate"}
_WORDS |= {"increase", "vector", "instance", "label_values", "clamp_min"}


def panels(name):
    board = json.loads((FILES / name).read_text())
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def metrics_in(expression):
    """Return the metric names of an expression: words outside of quotes, braces and brackets."""
    bare = re.sub(r'"[^"]*"', "", expression)
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]|\b(?:by|on) \([^)]*\)", " ", bare)
    return set(re.findall(r"[a-zA-Z_:][\w:]*", bare)) - _WORDS


def test_the_files_are_what_their_descriptions_say():
    """`python script/monitoring_files.py` writes them."""
    wanted = monitoring_files.contents()
    assert {file.name: file.read_text() for file in FILES.iterdir()} == wanted


@pytest.mark.parametrize("name", DASHBOARDS)
def test_every_query_uses_only_metrics_that_there_are(name):
    queries = [target["expr"] for panel in panels(name) for target in panel["targets"]]
    assert len(queries) > 10
    for query in queries:
        used = metrics_in(query)
        assert used, query
        assert used <= KNOWN, query


def test_a_metric_that_does_not_exist_would_be_found():
    assert metrics_in('max by (gpu) (deeprig_gpu_heat{instance="up"}) + up') == {
        "deeprig_gpu_heat",
        "up",
    }
    assert "deeprig_gpu_heat" not in KNOWN


def test_every_metric_of_a_gpu_is_on_a_panel():
    shown = {
        metric
        for name in DASHBOARDS
        for panel in panels(name)
        for target in panel["targets"]
        for metric in metrics_in(target["expr"])
    }
    #: Told by an alert or by its own absence, or shown as another number.
    elsewhere = {
        "deeprig_gpu_failure_info",
        "deeprig_gpu_shutdown_temperature_celsius",
        "deeprig_gpu_power_limit_default_watts",
        "deeprig_gpu_performance_state",
        "deeprig_gpu_persistence_mode",
        "deeprig_gpu_ecc_enabled",
        "deeprig_gpu_fan_manual",
        "deeprig_gpu_pcie_generation",
        "deeprig_gpu_pcie_generation_max",
    }
    of_gpus = {metric.name for metric in names.METRICS if metric.name.startswith("deeprig_gpu_")}
    assert of_gpus - shown == elsewhere


@pytest.mark.parametrize("name", DASHBOARDS)
def test_a_dashboard_is_of_the_form_that_grafana_9_reads(name):
    board = json.loads((FILES / name).read_text())
    assert board["schemaVersion"] == 36
    assert board["uid"] == Path(name).stem
    numbers = [panel["id"] for panel in board["panels"]]
    assert len(set(numbers)) == len(numbers)
    for panel in board["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        if panel["type"] == "row":
            continue
        assert panel["type"] in {"timeseries", "stat", "table", "state-timeline"}
        letters = [target["refId"] for target in panel["targets"]]
        assert letters == sorted(set(letters))
        assert {t["datasource"]["uid"] for t in panel["targets"]} == {"${datasource}"}


@pytest.mark.parametrize("name", DASHBOARDS)
def test_no_panel_lies_over_another(name):
    taken = set()
    for panel in json.loads((FILES / name).read_text())["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells


@pytest.mark.parametrize("name", DASHBOARDS)
def test_variables_that_are_used_are_declared(name):
    text = (FILES / name).read_text()
    board = json.loads(text)
    declared = {variable["name"] for variable in board["templating"]["list"]}
    builtin = {"__rate_interval", "__range", "__value", "__url_time_range"}
    used = set(re.findall(r"\$\{?(\w+)", text))
    assert used - builtin == declared
