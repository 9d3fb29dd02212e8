"""The commands of waves: what they refuse, before any host is asked."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from click.testing import CliRunner

from deeprig.cli import cli
from deeprig.waves.controller import this_process
from deeprig.waves.model import WaveRecord
from deeprig.waves.store import RolloutStore
from tests.unit.report.rollout_doc import STATUS
from tests.unit.waves.plan import rollout


@pytest.fixture
def deeprig(lab):
    def run(*words, code=0):
        command, *rest = words
        done = CliRunner().invoke(cli, [command, "-i", str(lab.inventory), *rest])
        assert done.exit_code == code, done.output
        return done.output

    return run


@pytest.fixture
def store(lab):
    return RolloutStore(lab.directory)


def cut_off(store):
    """Note a rollout whose controller was killed under its first wave."""
    plan = replace(rollout(2), controller=replace(this_process(), start="1"))
    plan = replace(plan, waves=(WaveRecord(1, ("h1",), "changing", is_canary=True),))
    return store.create(plan.with_hosts(("h1",), state="working", wave=1, is_drained=True))


def test_without_a_rollout_there_is_nothing_to_show_pause_or_end(deeprig):
    assert "there is no rollout" in deeprig("status", code=2)
    assert "there is no rollout to pause" in deeprig("pause", code=2)
    assert "there is no rollout to resume" in deeprig("resume", code=2)
    assert "there is no rollout to abort" in deeprig("abort", code=2)


def test_a_cron_job_that_finds_nothing_to_resume_is_content(deeprig):
    assert "no rollout of apply to go on with" in deeprig("apply", "--resume")
    assert "no rollout of update to go on with" in deeprig("update", "--resume")


def test_a_resume_takes_no_new_orders(deeprig):
    for option in (("--limit", "rig1"), ("--role", "base"), ("--canary", "2"), ("--show-waves",)):
        assert "goes on as it was begun" in deeprig("apply", "--resume", *option, code=2)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--wave-size", "some"), "a number of hosts such as 3"),
        (("--max-unavailable", "120%"), "a share such as '25%'"),
        (("--canary", "0"), "at least one host"),
        (("--gate", "soak"), "'soak' is not one of"),
        (("--waves", "--canary", "nobody"), "no canary is among the selected hosts"),
    ],
)
def test_a_mistake_in_an_option_is_told(deeprig, words, told):
    assert told in deeprig("apply", *words, code=2)


def test_a_plan_has_no_waves(deeprig):
    assert "see --show-waves" in deeprig("update", "--plan", "--waves", code=2)


def test_the_waves_are_shown_and_nothing_is_noted(deeprig, lab, store):
    entries = [(f"h{n}", {"ssh_hostname": f"192.0.2.{n}"}) for n in range(1, 101)]
    lab.hosts(f"workstations = {entries!r}")
    text = deeprig("apply", "--show-waves")
    assert "canary 1, growth 2, at most 25 out at once" in text
    assert len(text.splitlines()) < 15
    waves = json.loads(deeprig("update", "--show-waves", "--json"))["waves"]
    assert [len(wave) for wave in waves] == [1, 2, 4, 8, 16, 25, 25, 19]
    assert not store.directory.exists()


def test_a_status_is_as_it_is_described(deeprig, store):
    made = cut_off(store)
    document = json.loads(deeprig("status", "--json"))
    assert set(document) - set(made.to_json()) == {key.name for key in STATUS.keys}
    assert document["is_led"] is False
    assert document["directory"] == str(store.directory / made.id)
    assert "its controller is gone" in deeprig("status")
    assert made.id in deeprig("status", "--all")
    assert len(json.loads(deeprig("status", "--all", "--json"))["rollouts"]) == 1


def test_nobody_pauses_what_nobody_leads(deeprig, store):
    cut_off(store)
    assert "nobody leads the rollout" in deeprig("pause", code=2)


def test_aborting_what_nobody_leads_ends_it_and_tells_what_is_left(deeprig, store):
    made = cut_off(store)
    text = deeprig("abort")
    assert "aborted" in text
    assert "h1: failed: the rollout was aborted while this host was under change" in text
    assert "still out of service (drained): h1" in text
    assert store.load(made.id).status == "aborted"
    assert "there is no rollout to resume" in deeprig("resume", code=2)


def test_a_rollout_that_is_led_is_asked_and_not_ended(deeprig, store):
    made = store.create(replace(rollout(2), controller=this_process()))
    assert "pauses after the wave under way" in deeprig("pause")
    assert store.asked(made) == "pause"
    assert "ends after the wave under way" in deeprig("abort")
    assert store.asked(made) == "abort"
    assert store.load(made.id).status == "running"


def test_resuming_what_is_led_withdraws_its_pause_and_nothing_else(deeprig, store):
    made = store.create(replace(rollout(2), controller=this_process()))
    assert "is being led, and is not paused" in deeprig("resume", code=2)
    store.ask(made, "pause")
    assert "goes on, where it was started" in deeprig("resume")
    assert store.asked(made) is None


def test_a_rollout_of_another_declaration_is_not_resumed(deeprig, store):
    cut_off(store)
    assert "is not what the rollout" in deeprig("resume", code=2)
