"""Each check of the role cooling: good where it should be, and a case that makes it fail."""

import importlib
import json
import pkgutil
from dataclasses import replace
from types import SimpleNamespace

import pytest

from deeprig.facts import HostFacts
from deeprig.verify.checks import Checks
from roles.cooling import checks, verify
from roles.cooling.chassis import FANCONTROL_FILE
from roles.cooling.checks.cards import declared_card
from roles.cooling.checks.told import SCHEMA, Told, read_told
from roles.cooling.configuration import CONFIGURATION
from roles.cooling.daemon import SERVICE, STATUS, UNIT_FILE
from roles.cooling.settings import CoolingSettings
from tests.unit.roles.cooling.test_settings import FULL, PWMCONFIG, rendered

UUID = "GPU-51a0dee9-0000-4000-8000-00000000000{}"
FACTS = HostFacts(
    *("debian", "12", "bookworm", "Debian 12", "6.1.0-28-amd64", "x86_64", "id", "3.11.2", "none"),
    nvidia_devices=(("0000:01:00.0", "0x2684"), ("0000:41:00.0", "0x2684")),
)
RUNNING = """ActiveState=active
SubState=running
UnitFileState=enabled
NRestarts=0
NeedDaemonReload=no
"""


def gpu(index=0, **changes):
    found = {
        "uuid": UUID.format(index),
        "index": index,
        "name": "NVIDIA GeForce RTX 4090",
        "mode": "curve",
        "reason": "curve at 61 C",
        "temperature_c": 61,
        "slowdown_c": 93,
        "target_percent": 56,
        "fans": [{"percent": 56, "rpm": 1700}, {"percent": 56, "rpm": 1710}],
        "power_w": 300.0,
        "power_limit_w": 450.0,
        "power_default_w": 450.0,
    }
    return found | changes


def told_of(*gpus, **changes):
    document = {"schema": SCHEMA, "boottime_seconds": 100.0, "no_library": None, "gpus": gpus}
    return Told(document | changes, 1.5)


class Host:
    """Answers as a host would: by the program that is run, and by the files that it has."""

    def __init__(self, systemctl=RUNNING, files=None, status=None, uptime="120.5 300.0"):
        self.systemctl, self.files, self.status, self.uptime = (
            systemctl,
            files or {},
            status,
            uptime,
        )

    def run(self, command, *arguments):
        if command.startswith("systemctl show"):
            return SimpleNamespace(rc=0, stdout=self.systemctl, stderr="")
        if command.startswith("systemctl is-active"):
            assert arguments == (SERVICE,)
            return SimpleNamespace(rc=0 if "=active" in self.systemctl else 3, stdout="", stderr="")
        assert (command, arguments) == ("cat /proc/uptime %s", (STATUS,))
        if self.status is None:
            said = f"cat: {STATUS}: No such file or directory"
            return SimpleNamespace(rc=1, stdout=f"{self.uptime}\n", stderr=said)
        return SimpleNamespace(rc=0, stdout=f"{self.uptime}\n{self.status}", stderr="")

    def file(self, path):
        text = self.files.get(path)
        return SimpleNamespace(exists=text is not None, content_string=text)


def run(name, settings=None, **given):
    """Run one check of verify.py; return the outcomes by name, and why it was left out, or ""."""
    function = getattr(verify, f"test_{name}")
    check = Checks()
    known = {
        "host": Host(),
        "settings": CoolingSettings(**settings or {}),
        "told": told_of(gpu(0), gpu(1)),
        "facts": FACTS,
        "check": check,
    } | given
    wanted = function.__code__.co_varnames[: function.__code__.co_argcount]
    skipped = ""
    try:
        function(**{name: known[name] for name in wanted})
    except pytest.skip.Exception as skip:
        skipped = str(skip.msg)
    return {c.name: c.outcome for c in check.recorded}, skipped


def test_every_check_is_in_the_module_that_pytest_collects():
    modules = [
        importlib.import_module(f"{checks.__name__}.{module.name}")
        for module in pkgutil.iter_modules(checks.__path__)
    ]
    defined = {n: v for m in modules for n, v in vars(m).items() if n.startswith("test_")}
    collected = {n: v for n, v in vars(verify).items() if n.startswith("test_")}
    assert collected == defined
    assert len(collected) == 9


@pytest.mark.parametrize(
    ("before", "after", "bad"),
    [
        ("", "", set()),
        ("SubState=running", "SubState=auto-restart", {"the daemon is running"}),
        ("ActiveState=active", "ActiveState=failed", {"the daemon is running"}),
        ("UnitFileState=enabled", "UnitFileState=masked", {"it starts at boot"}),
        ("Reload=no", "Reload=yes", {"it runs the unit that is placed"}),
    ],
)
def test_the_daemon_must_run_now_and_at_boot(before, after, bad):
    found, _ = run("the_daemon_is_at_work", host=Host(RUNNING.replace(before, after)))
    assert len(found) == 3
    assert {name for name, outcome in found.items() if outcome != "pass"} == bad


@pytest.mark.parametrize(
    ("told", "bad"),
    [
        (told_of(gpu(0), gpu(1)), {}),
        (replace(told_of(gpu(0), gpu(1)), age_seconds=31.0), {"its loop turns": "fail"}),
        (Told(problem="no such file"), {"its loop turns": "fail"}),
        (told_of(gpu(0)), {"it has every card": "fail"}),
        (
            told_of(no_library="Driver Not Loaded"),
            {"NVML answers it": "fail", "it has every card": "fail"},
        ),
    ],
)
def test_the_loop_must_turn_with_every_card(told, bad):
    found, _ = run("its_loop_turns", told=told)
    assert {name: outcome for name, outcome in found.items() if outcome != "pass"} == bad


def test_the_configuration_on_the_host_is_compared_with_the_declared_one():
    files = {CONFIGURATION: rendered(CONFIGURATION, **FULL)}
    name = "its_configuration_is_as_declared"
    assert run(name, FULL, host=Host(files=files)) == (
        {"its configuration is as declared": "pass"},
        "",
    )
    for other in ({}, {CONFIGURATION: "curve"}, {CONFIGURATION: rendered(CONFIGURATION)}):
        found, _ = run(name, FULL, host=Host(files=other))
        assert found == {"its configuration is as declared": "fail"}


@pytest.mark.parametrize(
    ("settings", "changes", "outcome"),
    [
        ({}, {}, "pass"),
        ({"target_c": 70}, {"mode": "target"}, "pass"),
        ({"mode": "monitor"}, {"mode": "monitor", "fans": []}, "pass"),
        ({"target_c": 70}, {}, "fail"),
        ({}, {"mode": "failsafe"}, "fail"),
        ({}, {"mode": "released"}, "fail"),
        ({}, {"mode": "lost", "fans": []}, "fail"),
        # It has fans that the daemon may not set: declared otherwise, so no pass.
        ({}, {"mode": "monitor"}, "fail"),
        ({"mode": "monitor"}, {}, "fail"),
    ],
)
def test_a_card_must_be_cooled_as_it_is_declared(settings, changes, outcome):
    found, skipped = run("each_card_is_cooled_as_declared", settings, told=told_of(gpu(**changes)))
    assert list(found.values()) == [outcome]
    assert not skipped


def test_a_card_without_fans_is_watched_and_no_pass():
    passive = gpu(1, mode="monitor", reason="it has no fan of its own", fans=[])
    found, skipped = run("each_card_is_cooled_as_declared", told=told_of(gpu(0), passive))
    assert found == {"GPU 0 is cooled: curve": "pass"}
    assert skipped == "GPU 1 is only watched: it has no fan of its own"


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({}, "pass"),
        ({"temperature_c": 93}, "fail"),
        ({"temperature_c": None}, "unknown"),
        ({"slowdown_c": None}, "unknown"),
    ],
)
def test_the_margin_to_slowdown_must_be_positive_and_known(changes, outcome):
    found, _ = run("each_card_is_away_from_its_slowdown", told=told_of(gpu(**changes)))
    assert found == {"GPU 0 is away from its slowdown": outcome}


def test_a_fan_that_is_told_to_turn_must_turn():
    stuck = gpu(0, fans=[{"percent": 56, "rpm": 0}, {"percent": 56, "rpm": None}])
    resting = gpu(1, target_percent=0, fans=[{"percent": 0, "rpm": 0}])
    found, skipped = run("fans_turn_as_they_are_told", told=told_of(stuck, resting))
    assert found == {"GPU 0 fan 0 turns": "fail"}
    assert skipped == "GPU 0 fan 1 turns: its driver tells no RPM"
    found, skipped = run("fans_turn_as_they_are_told")
    assert set(found.values()) == {"pass"}
    assert len(found) == 4


_LIMITED = {"power_limit_watts": 300}


@pytest.mark.parametrize(
    ("settings", "limits", "outcomes"),
    [
        (_LIMITED, (300.0, 300.4), ["pass", "pass"]),
        (_LIMITED, (450.0, None), ["fail", "unknown"]),
        (_LIMITED, (250.0, 300.0), ["fail", "pass"]),
        ({"power_budget_watts": 500}, (250.0, 250.0), ["pass"]),
        ({"power_budget_watts": 500}, (250.0, 300.0), ["fail"]),
        ({"power_budget_watts": 500}, (250.0, None), ["unknown"]),
        ({"power_budget_watts": 500}, (600.0, None), ["fail"]),
        # Shared out: less than its own limit is as declared.
        (_LIMITED | {"power_budget_watts": 500}, (250.0, 250.0), ["pass", "pass", "pass"]),
        (_LIMITED | {"power_budget_watts": 900}, (300.0, 450.0), ["pass", "fail", "pass"]),
    ],
)
def test_limits_must_be_as_declared_and_together_keep_the_budget(settings, limits, outcomes):
    cards = [gpu(number, power_limit_w=limit) for number, limit in enumerate(limits)]
    found, _ = run("power_limits_are_as_declared", settings, told=told_of(*cards))
    assert list(found.values()) == outcomes


@pytest.mark.parametrize(
    ("changes", "outcomes"),
    [
        ({"power_limit_w": 450.0}, ["pass", "pass"]),
        # What was declared before is still in it.
        ({"power_limit_w": 200.0}, ["pass", "fail"]),
        ({"power_limit_w": None}, ["pass", "unknown"]),
        ({"power_limit_w": None, "power_default_w": None}, ["pass"]),
    ],
)
def test_a_card_without_a_declaration_has_its_own_limit(changes, outcomes):
    cards = told_of(gpu(0, power_limit_w=200.0), gpu(1, **changes))
    settings = {"gpus": {"0": {"power_limit_watts": 200}}}
    found, _ = run("power_limits_are_as_declared", settings, told=cards)
    assert list(found.values()) == outcomes


def test_what_is_not_declared_is_not_applicable():
    off = {"enabled": False}
    assert run("power_limits_are_as_declared")[1] == "no power limit is declared"
    assert run("fans_of_the_case_are_driven")[1] == "no fans of the case are declared"
    for name in ("the_daemon_is_at_work", "its_loop_turns", "each_card_is_cooled_as_declared"):
        assert run(name, off) == ({}, "cooling is not enabled")
    assert run("nothing_is_left_where_it_is_off") == ({}, "")


def test_where_it_is_off_nothing_must_be_left():
    stopped = RUNNING.replace("=active", "=inactive")
    name, off = "nothing_is_left_where_it_is_off", {"enabled": False}
    assert run(name, off, host=Host(stopped)) == ({"nothing of the cooling is left": "pass"}, "")
    for host in (Host(), Host(stopped, {UNIT_FILE: ""}), Host(stopped, {CONFIGURATION: ""})):
        assert run(name, off, host=host)[0] == {"nothing of the cooling is left": "fail"}


def test_fancontrol_must_run_with_the_declared_text():
    settings = {"chassis_fans": {"fancontrol": PWMCONFIG}}
    file = {FANCONTROL_FILE: rendered(FANCONTROL_FILE, **settings)}
    name, at_work = "fans_of_the_case_are_driven", "ActiveState=active\nUnitFileState=enabled\n"
    found, _ = run(name, settings, host=Host(at_work, file))
    assert found == {"fancontrol is at work": "pass", "fancontrol has the declared text": "pass"}
    found, _ = run(name, settings, host=Host("ActiveState=failed\nUnitFileState=enabled\n"))
    assert set(found.values()) == {"fail"}


def test_a_card_is_known_by_uuid_then_address_then_number():
    settings = CoolingSettings(
        target_c=75,
        gpus={
            UUID.format(0): {"target_c": 60},
            "0000:01:00.0": {"target_c": 61},
            "0": {"target_c": 62},
        },
    )
    card = gpu(0, address="0000:01:00.0")
    assert declared_card(settings, card).target_c == 60
    assert declared_card(settings, card | {"uuid": "other"}).target_c == 61
    assert declared_card(settings, card | {"uuid": "other", "address": None}).target_c == 62
    assert declared_card(settings, gpu(3)).target_c == 75
    assert declared_card(settings, gpu(3)).curve == settings.curve


@pytest.mark.parametrize(
    ("status", "problem"),
    [
        (None, "No such file"),
        ("{", "is not what the daemon writes"),
        ("[]", "is not what the daemon writes"),
        (json.dumps({"schema": "deeprig.cooling/9"}), "has the schema 'deeprig.cooling/9'"),
        (json.dumps({"schema": SCHEMA}), "is not what the daemon writes"),
    ],
)
def test_a_status_that_is_none_is_told(status, problem):
    assert problem in read_told(Host(status=status)).problem


def test_the_age_of_a_status_does_not_go_by_the_clock():
    status = json.dumps({"schema": SCHEMA, "boottime_seconds": 118.0, "time": 9e9, "gpus": [gpu()]})
    told = read_told(Host(status=status))
    assert told.age_seconds == pytest.approx(2.5)
    assert [card["index"] for card in told.gpus] == [0]
