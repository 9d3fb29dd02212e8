"""Waves on real hosts: a wave that fails its gate is stopped and put back, a killed controller's
rollout goes on, and another terminal pauses it.

The role of these tests has a real systemd service. On a host with /etc/only-old it does not bear
the new greeting: its unit starts and dies, which nothing but the gate can see.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time

import pytest

from tests.e2e.running import ROOT
from tests.e2e.test_unhappy_hosts import free_port
from tests.e2e.test_update import _ARCHIVE, _REMOVE_ARCHIVE

_BODY = """
    greeting = files.put(
        name="Write the greeting", src=StringIO(context.settings.word), dest="/etc/greeting"
    )
    unit = files.put(
        name="Write the unit", src=StringIO(UNIT), dest="/etc/systemd/system/greeter.service"
    )
    server.shell(
        name="Wait while it is held", commands="while test -e /root/hold; do sleep 0.2; done",
        _if=lambda: greeting.did_change() or unit.did_change(),
    )
    server.shell(
        name="Restart the greeter",
        commands="systemctl daemon-reload && systemctl restart greeter",
        _if=lambda: greeting.did_change() or unit.did_change(),
    )
"""
_UNIT = '''
UNIT = """[Service]
ExecStart=/bin/sh -c 'grep -q new /etc/greeting && test -e /etc/only-old && exit 1; sleep infinity'
"""
'''
_VERIFY = '''
"""Checks of the greeter."""


def test_the_greeter_runs(host, settings, check):
    """The service is active with the declared greeting."""
    word = host.file("/etc/greeting").content_string
    check("greeting", word == settings.word, word)
    state = host.run("systemctl is-active greeter").stdout.strip()
    check("service runs", state == "active", state)
'''
_CLEAN = (
    "systemctl stop greeter; rm -f /etc/greeting /etc/only-old /root/hold"
    " /etc/systemd/system/greeter.service; systemctl daemon-reload"
)
_RIGS = ("rig1", "rig2", "rig3")
#: A rollout of three quick hosts takes seconds; a machine three times slower has its time too.
_PATIENCE_SECONDS = 300


@pytest.fixture
def greeters(lab):
    """Three hosts that greet with the old word, by a rollout that went well."""
    lab.role("greeter", _BODY, settings='word: str = "old"', extra=_UNIT)
    lab.write("roles/greeter/verify.py", _VERIFY)
    lab.hosts(**{name: {} for name in _RIGS})
    declare(lab, "old")
    first = lab.json("apply", "--waves", "--wave-size", "2")
    assert {host["status"] for host in first["hosts"]} == {"ok"}
    yield lab
    for name in _RIGS:
        lab.ssh(name, _CLEAN)


def declare(lab, word):
    log = lab.path / "drained"
    drain = {
        "before": f"echo out $DEEPRIG_HOST >> {log}",
        "after": f"echo in $DEEPRIG_HOST >> {log}",
    }
    waves = {"wave_size": 1, "max_unavailable": 2, "drain": drain}
    lab.data(greeter={"word": word}, waves=waves)


def words(lab):
    return tuple(lab.ssh(name, "cat /etc/greeting").stdout for name in _RIGS)


def status(lab):
    return lab.json("status")


def states(document):
    return {host["host"]: host["state"] for host in document["hosts"]}


def drained(lab):
    return (lab.path / "drained").read_text().splitlines()


def test_a_bad_wave_is_put_back_and_a_rollout_is_paused_killed_and_resumed(greeters):
    """One story, since every rollout of real hosts takes its time."""
    assert [wave["hosts"] for wave in status(greeters)["waves"]] == [["rig1"], ["rig2", "rig3"]]
    shown = greeters.json("apply", "--waves", "--show-waves")
    assert shown == {"schema": "deeprig.waves/1", "waves": [["rig1"], ["rig2"], ["rig3"]]}
    the_wave_that_fails_is_put_back_and_no_other_host_is_touched(greeters)
    greeters.ssh("rig2", "rm /etc/only-old")
    down = {"ssh_hostname": "127.0.0.1", "ssh_port": free_port()}
    greeters.hosts(rig1={}, gone=down, rig2={}, rig3={})
    greeters.ssh("rig2", "touch /root/hold")
    process = started(greeters, "apply", "--waves")
    await_file(greeters, "rig2", "/etc/greeting", "new")
    another_terminal_pauses_it_and_lets_it_go_on(greeters, process)
    a_killed_controller_is_told_and_its_rollout_goes_on(greeters, process)
    greeters.hosts(**{name: {} for name in _RIGS})
    assert counts(greeters.json("apply")) == [0, 0, 0]


def the_wave_that_fails_is_put_back_and_no_other_host_is_touched(greeters):
    (greeters.path / "drained").unlink()
    before = greeters.ssh("rig3", "stat -c %Y.%Z /etc/greeting").stdout
    greeters.ssh("rig2", "touch /etc/only-old")
    declare(greeters, "new")
    # A plan knows what hangs on a change: the role is written in pyinfra's own idiom.
    (planned,) = greeters.json("plan", "--limit", "rig2")["hosts"]
    would = {o["name"] for o in planned["operations"] if o["status"] == "would change"}
    assert would >= {"Write the greeting", "Restart the greeter"}
    report = greeters.json("apply", "--waves", code=1)

    assert statuses(report) == {"rig1": "ok", "rig2": "failed"}
    assert "greeter: service runs: fail (failed)" in report["hosts"][1]["reason"]
    assert words(greeters) == ("new", "old", "old")
    assert greeters.ssh("rig2", "systemctl is-active greeter").stdout.strip() == "active"
    assert greeters.ssh("rig3", "stat -c %Y.%Z /etc/greeting").stdout == before
    # Put back and proven, so that it serves again; what was never touched was never drained.
    assert drained(greeters) == ["out rig1", "in rig1", "out rig2", "in rig2"]
    told = status(greeters)
    assert (told["status"], told["is_led"]) == ("stopped", False)
    assert states(told) == {"rig1": "good", "rig2": "put back", "rig3": "waiting"}
    assert "proven" in told["hosts"][1]["put_back"]
    assert "not changed back" not in told["hosts"][1]["put_back"]
    shown = greeters.run("status").stdout
    assert "stopped: wave 2: rig2 failed, max_fail is 0" in shown
    assert "3 hosts: 1 good, 1 put back, 1 waiting" in shown


def another_terminal_pauses_it_and_lets_it_go_on(greeters, process):
    """rig2 is held in its wave. Nobody else may have the hosts of a rollout that goes on."""
    refused = greeters.run("apply", "--waves", code=2)
    assert "has not ended, and has 4 of these hosts" in refused.stderr
    assert "pauses after the wave" in greeters.run("pause").stdout
    greeters.ssh("rig2", "rm /root/hold")
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while status(greeters)["status"] != "paused":
        assert time.monotonic() < deadline, "it never paused"
        assert process.poll() is None
    assert words(greeters) == ("new", "new", "old")
    greeters.ssh("rig3", "touch /root/hold")
    assert "goes on, where it was started" in greeters.run("resume").stdout
    await_file(greeters, "rig3", "/etc/greeting", "new")


def a_killed_controller_is_told_and_its_rollout_goes_on(greeters, process):
    """rig3 is held in its wave, and gone is down."""
    os.kill(process.pid, signal.SIGKILL)
    _, said = process.communicate(timeout=_PATIENCE_SECONDS)
    assert "paused" in said
    assert "\x1b" not in said
    told = status(greeters)
    assert (told["status"], told["is_led"]) == ("running", False)
    assert told["waves"][-1]["step"] == "changing"
    assert states(told) == {
        "rig1": "good",
        "gone": "unreachable",
        "rig2": "good",
        "rig3": "working",
    }
    assert "its controller is gone" in greeters.run("status").stdout
    greeters.ssh("rig3", "rm /root/hold")

    # What was down is left for later, and is no success.
    ended = greeters.json("resume", code=3)
    goods = dict.fromkeys(_RIGS, "ok")
    assert statuses(ended) == goods | {"gone": "unreachable"}
    assert words(greeters) == ("new", "new", "new")
    assert status(greeters)["status"] == "incomplete"


def statuses(report):
    return {host["host"]: host["status"] for host in report["hosts"]}


def counts(report):
    statuses = [[o["status"] for o in host["operations"]] for host in report["hosts"]]
    return [found.count("changed") for found in statuses]


def started(lab, *arguments):
    return subprocess.Popen(
        lab.command(*arguments),
        cwd=lab.path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def await_file(lab, host, path, content):
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while lab.ssh(host, f"cat {path}").stdout != content:
        assert time.monotonic() < deadline, f"{path} on {host} never became {content}"


@pytest.mark.full
def test_a_first_rollout_has_nothing_to_put_back_and_an_abort_need_not_wait(lab):
    """A drain on the host itself, as root; and a wave that is cut off by another terminal."""
    lab.role("greeter", _BODY, settings='word: str = "old"', extra=_UNIT)
    lab.write("roles/greeter/verify.py", _VERIFY)
    lab.hosts(rig1={}, rig2={})
    before = "echo $DEEPRIG_HOST $(id -un) $DEEPRIG_ROLLOUT > /root/drained; test ! -e /root/busy"
    drain = {"before": before, "where": "host"}
    lab.data(greeter={"word": "new"}, waves={"drain": drain, "max_unavailable": 2})
    try:
        lab.ssh("rig1", "touch /root/busy")
        lab.run("apply", "--waves", code=1)
        told = status(lab)
        assert states(told) == {"rig1": "failed", "rig2": "waiting"}
        assert "the drain failed: exit 1" in told["hosts"][0]["reason"]
        seen = lab.ssh("rig1", "cat /root/drained; rm /root/busy; ls /etc/greeting")
        assert seen.stdout.split() == ["rig1", "root", told["id"]]

        lab.ssh("rig1", "touch /etc/only-old")
        lab.run("apply", "--waves", code=1)
        told = status(lab)
        assert states(told) == {"rig1": "failed", "rig2": "waiting"}
        assert "nothing to put back" in told["hosts"][0]["put_back"]
        assert words(lab)[:2] == ("new", "")

        lab.ssh("rig1", "rm /etc/only-old /etc/greeting; touch /root/hold")
        process = started(lab, "apply", "--waves")
        await_file(lab, "rig1", "/etc/greeting", "new")
        assert "as soon as the operations under way" in lab.run("abort", "--now").stdout
        lab.ssh("rig1", "rm /root/hold")
        _, errors = process.communicate(timeout=_PATIENCE_SECONDS)
        assert process.returncode == 130, errors
        assert status(lab)["status"] == "aborted"
        assert states(status(lab)) == {"rig1": "failed", "rig2": "waiting"}
    finally:
        for name in ("rig1", "rig2"):
            lab.ssh(name, f"{_CLEAN}; rm -f /root/busy /root/drained")


@pytest.mark.full
def test_an_update_goes_in_waves_too(lab):
    lab.hosts(rig1={"roles": ["maintenance"]}, rig3={"roles": ["maintenance"]})
    lab.data(maintenance={"unattended_upgrades": False, "log_max_size": None})
    # Without the base role these hosts reach no archive but their own.
    hide = "cp -a /etc/apt /root/kept && rm -f /etc/apt/sources.list /etc/apt/sources.list.d/*"
    try:
        for name in ("rig1", "rig3"):
            assert lab.ssh(name, hide).returncode == 0
        made = lab.ssh("rig1", _ARCHIVE)
        assert made.returncode == 0, made.stderr
        lab.run("apply")
        report = lab.json("update", "--security", "--waves")
        assert statuses(report) == {"rig1": "ok", "rig3": "ok"}
        moves = [m for o in report["hosts"][0]["operations"] for m in o["moves"]]
        ours = [(m["what"], m["before"], m["after"]) for m in moves if "deeprig" in m["what"]]
        assert ours == [("deeprig-patched", "1", "2")]
        told = status(lab)
        assert (told["asked"]["command"], told["status"]) == ("update", "done")
        assert told["asked"]["update"]["security"] is True
        assert states(told) == {"rig1": "good", "rig3": "good"}
    finally:
        lab.ssh("rig1", _REMOVE_ARCHIVE)
        for name in ("rig1", "rig3"):
            lab.ssh(name, "rm -rf /etc/apt && mv /root/kept /etc/apt")
