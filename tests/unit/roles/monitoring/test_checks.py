"""What the checks conclude from a host's answers: each has a case in which it does not pass."""

import importlib
import json
import pkgutil
from types import SimpleNamespace

import pytest

from deeprig.inventory.model import DeclaredHost, HostSettings
from deeprig.verify.checks import Checks
from roles.monitoring import checks, verify
from roles.monitoring.checks import asking, exporter, notifier, server
from roles.monitoring.settings import LOOPBACK, MonitoringSettings

NOW = 1_800_000_000.0
EXPORTER = "http://127.0.0.1:9100/metrics"
API = "http://127.0.0.1:9090/api/v1"
OWN = "http://127.0.0.1:9090/metrics"
ALERTMANAGER = "http://127.0.0.1:9093/metrics"
SETTINGS = MonitoringSettings()
SERVER = MonitoringSettings.model_validate({"server": {}})


def numbers(age=1, error=0, part=1, run=30, undelivered=0):
    lines = [
        f"deeprig_collector_last_success_timestamp_seconds {NOW - age}",
        f"node_textfile_scrape_error {error}",
        'deeprig_collector_part_up{part="gpu"} 1',
        f'deeprig_collector_part_up{{part="xid"}} {part}',
        f"deeprig_notifier_last_run_timestamp_seconds {NOW - run}",
        f'deeprig_notifier_undelivered{{channel="ntfy"}} {undelivered}',
    ]
    return "\n".join(lines)


def data(**found):
    return json.dumps({"status": "success", "data": found})


def rules(*names, health="ok"):
    rule = [{"name": name, "health": health, "lastError": "why"} for name in names]
    return data(groups=[{"rules": rule}])


def target(name, health="up", error=""):
    labels = {"instance": name, "job": "deeprig"}
    return {"labels": labels, "health": health, "lastError": error}


class Host:
    """A host of testinfra's kind: pages by URL, and what other commands print."""

    def __init__(self, pages=None, said="", rc=0, mode=0o600):
        self.pages = pages or {}
        self.done = SimpleNamespace(stdout=said, stderr="", rc=rc)
        self.mode = mode

    def run(self, command, *arguments):
        if asking._ASK not in arguments:
            return self.done
        page = self.pages.get(arguments[1])
        told = {"error": "Connection refused"} if page is None else {"text": page}
        return SimpleNamespace(stdout=json.dumps(told | {"now": NOW}), stderr="", rc=0)

    def file(self, path):
        return SimpleNamespace(exists=self.mode is not None, mode=self.mode)


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    """Nothing is waited for, and the inventory has two hosts, the first of which is checked."""
    monkeypatch.setattr(asking.time, "sleep", lambda seconds: None)
    ticks = iter(range(0, 100_000, 1000))
    monkeypatch.setattr(asking.time, "monotonic", lambda: next(ticks))
    declared = tuple(
        DeclaredHost(name, (), HostSettings(), {"monitoring": SETTINGS}, None)
        for name in ("rig1", "rig2")
    )
    for module in (exporter, server):
        monkeypatch.setattr(module, "lab_of", lambda config: SimpleNamespace(hosts=declared))


def found(test, *arguments):
    check = Checks()
    test(*arguments, check)
    return {one.name: one.outcome for one in check.recorded}


RIG1 = SimpleNamespace(name="rig1")
REQUEST = SimpleNamespace(config=None)


def test_every_check_is_in_the_module_that_pytest_collects():
    names = [f"{checks.__name__}.{module.name}" for module in pkgutil.iter_modules(checks.__path__)]
    defined = {
        name: value
        for module in map(importlib.import_module, names)
        for name, value in vars(module).items()
        if name.startswith("test_")
    }
    assert defined == {n: v for n, v in vars(verify).items() if n.startswith("test_")}
    assert len(defined) == 10


@pytest.mark.parametrize(
    ("host", "outcome"),
    [
        (Host(said='{"current": "1a", "python": "3.11"}'), "pass"),
        (Host(said='{"reason": "damaged", "evidence": ["x"]}', rc=1), "fail"),
        (Host(said="", rc=127), "fail"),
    ],
)
def test_the_programs_are_whole(host, outcome):
    told = found(exporter.test_the_programs_are_as_they_were_placed, host)
    assert list(told.values()) == [outcome]


@pytest.mark.parametrize(
    ("page", "bad"),
    [
        (numbers(), {}),
        (numbers(age=61), {"the numbers are fresh": "fail"}),
        (numbers(error=1), {"node_exporter reads them": "fail"}),
        (numbers(part=0), {"no part of the collector fails": "fail"}),
        (None, {"node_exporter answers": "fail"}),
        (
            "go_goroutines 7",
            {
                "the numbers are fresh": "unknown",
                "node_exporter reads them": "unknown",
                "no part of the collector fails": "unknown",
            },
        ),
    ],
)
def test_numbers_are_there_fresh_and_whole(page, bad):
    test = exporter.test_the_machines_numbers_can_be_had
    told = found(test, Host({EXPORTER: page}), SETTINGS, RIG1, REQUEST)
    assert {name: outcome for name, outcome in told.items() if outcome != "pass"} == bad


@pytest.mark.parametrize(
    ("sockets", "outcome"),
    [
        (["127.0.0.1:9100", "0.0.0.0:22"], "pass"),
        (["*:9100"], "fail"),
        (["127.0.0.1:9100", "192.0.2.1:9100"], "fail"),
        (["127.0.0.1:19100"], "fail"),
        ([], "fail"),
    ],
)
def test_a_port_is_open_only_where_it_was_meant_to_be(sockets, outcome):
    said = "".join(f"LISTEN 0 4096 {socket} 0.0.0.0:*\n" for socket in sockets)
    check = Checks()
    exporter.check_listening(Host(said=said), "it", LOOPBACK, 9100, check)
    assert [one.outcome for one in check.recorded] == [outcome]
    exporter.check_listening(Host(rc=127), "it", LOOPBACK, 9100, check)
    assert check.recorded[-1].outcome == "unknown"


@pytest.mark.parametrize(
    ("said", "outcome"),
    [("active\nenabled\n", "pass"), ("active\ndisabled\n", "fail"), ("", "fail")],
)
def test_a_unit_works_now_and_after_a_boot(said, outcome):
    told = found(exporter.test_what_collects_and_tells_is_at_work, Host(said=said))
    assert set(told.values()) == {outcome}
    assert len(told) == 3


@pytest.mark.parametrize(
    ("page", "bad"),
    [
        (numbers(), {}),
        (numbers(run=601), {"the notifier looked lately": "fail"}),
        (numbers(undelivered=2), {"messages are delivered: ntfy": "fail"}),
        (
            None,
            {"the notifier looked lately": "unknown", "messages are delivered: ntfy": "unknown"},
        ),
    ],
)
def test_the_notifier_looks_and_delivers(page, bad):
    ntfy = {"notify": {"ntfy": {"url": "https://ntfy.example.org/lab"}}}
    told = found(
        notifier.test_the_notifier_looks_and_delivers,
        Host({EXPORTER: page}),
        MonitoringSettings.model_validate(ntfy),
        RIG1,
        REQUEST,
    )
    assert {name: outcome for name, outcome in told.items() if outcome != "pass"} == bad


@pytest.mark.parametrize(
    ("host", "outcomes"),
    [
        (Host(), ["pass", "pass"]),
        (Host(rc=2), ["fail", "pass"]),
        (Host(mode=0o640), ["pass", "fail"]),
        (Host(mode=None), ["pass", "fail"]),
    ],
)
def test_the_notifiers_configuration_is_good_and_private(host, outcomes):
    assert list(found(notifier.test_the_notifier_has_its_configuration, host).values()) == outcomes


@pytest.mark.parametrize(
    ("page", "outcomes"),
    [
        (rules(*server.alert_names()), ["pass", "pass"]),
        (rules(*list(server.alert_names())[1:]), ["fail", "pass"]),
        (rules(*server.alert_names(), health="err"), ["pass", "fail"]),
        (rules(), ["fail", "unknown"]),
        (None, ["unknown"]),
    ],
)
def test_rules_are_loaded_and_can_be_evaluated(page, outcomes):
    host = Host({f"{API}/rules?type=alert": page})
    assert list(found(server.test_the_lab_server_has_its_rules, host, SERVER).values()) == outcomes


@pytest.mark.parametrize(
    ("targets", "outcomes"),
    [
        ([target("rig1"), target("rig2")], ["pass", "pass"]),
        ([target("rig1"), target("rig2", "down", "refused")], ["pass", "fail"]),
        ([target("rig1"), target("rig2", "unknown")], ["pass", "unknown"]),
        ([target("rig1")], ["pass", "fail"]),
        (None, ["fail", "fail"]),
    ],
)
def test_every_machine_is_watched(targets, outcomes):
    page = None if targets is None else data(activeTargets=targets)
    host = Host({f"{API}/targets?state=active": page})
    test = server.test_the_lab_server_watches_every_machine
    assert found(test, host, SERVER, RIG1, REQUEST) == dict(
        zip(("rig1 is watched", "rig2 is watched"), outcomes, strict=True)
    )


@pytest.mark.parametrize(
    ("urls", "outcome"),
    [
        (["http://127.0.0.1:9093/api/v2/alerts"], "pass"),
        (["http://192.0.2.1:9093/api/v2/alerts"], "fail"),
        ([], "fail"),
    ],
)
def test_prometheus_knows_its_alertmanager(urls, outcome):
    page = data(activeAlertmanagers=[{"url": url} for url in urls])
    host = Host({f"{API}/alertmanagers": page})
    told = found(server.test_the_lab_server_tells_its_alerts, host, SERVER)
    assert told == {"Prometheus knows its Alertmanager": outcome}


@pytest.mark.parametrize(("loaded", "outcome"), [("1", "pass"), ("0", "fail"), (None, "unknown")])
def test_servers_run_with_the_configuration_on_the_disk(loaded, outcome):
    pages = {
        OWN: f"prometheus_config_last_reload_successful {loaded}" if loaded else None,
        ALERTMANAGER: f"alertmanager_config_last_reload_successful {loaded}" if loaded else None,
    }
    told = found(server.test_the_lab_server_is_at_work, Host(pages), SERVER)
    assert told["Prometheus could read its configuration"] == outcome
    assert told["Alertmanager could read its configuration"] == outcome


def test_of_a_host_that_is_no_server_nothing_of_one_is_asked():
    assert found(server.test_the_lab_server_is_at_work, Host(), SETTINGS) == {}
    assert found(server.test_the_lab_server_has_its_rules, Host(), SETTINGS) == {}
    assert found(server.test_the_lab_server_tells_its_alerts, Host(), SETTINGS) == {}
    test = server.test_the_lab_server_watches_every_machine
    assert found(test, Host(), SETTINGS, RIG1, REQUEST) == {}
