"""A rollout is led to its end, stops itself, and goes on after any crash."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from datetime import datetime, timezone
from types import SimpleNamespace

import pytest

from deeprig.errors import UsageProblem
from deeprig.waves.lead import Leader
from deeprig.waves.start import aborted, is_led, led_by_us, taken_up
from deeprig.waves.store import RolloutStore
from deeprig.waves.whole_report import whole_report
from tests.unit.waves.fake_works import Crash, FakeWorks, Lab
from tests.unit.waves.plan import rollout

NOON = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)  # a Friday


@pytest.fixture
def store(tmp_path, monkeypatch):
    # No power is cut here, and a disk that is waited for hundreds of times takes a minute.
    monkeypatch.setattr("os.fsync", lambda descriptor: None)
    return store_at(tmp_path / "lab")


def store_at(directory):
    (directory / "inventory").mkdir(parents=True)
    (directory / "inventory" / "lab.py").write_text("hosts = ['h1']\n")
    return RolloutStore(directory)


def leader(store, lab, plan, *, crash_at=None, interrupt_in=None, now=NOON):
    """Return a leader; it may crash at every state that is noted, and in every work."""
    works = FakeWorks(lab, crash_at, interrupt_in)
    return Leader(store, works, plan, lambda _: works.tick(), lambda: now, lambda: 0.0)


def led(store, lab, plan, **more):
    return leader(store, lab, store.create(led_by_us(plan)), **more).lead()


def resumed(store, lab, plan, **more):
    hosts = tuple(SimpleNamespace(name=record.host) for record in plan.hosts)
    known = SimpleNamespace(hosts=hosts, directory=store.lab_directory)
    again = taken_up(store.load(plan.id), known, lab.declared)
    return leader(store, lab, again, **more).lead()


def states(plan):
    return {record.host: record.state for record in plan.hosts}


def done(lab, what):
    return [hosts for name, hosts in lab.log if name == what]


def test_all_goes_well_wave_by_wave_each_proven_before_the_next(store):
    lab = Lab()
    ended = led(store, lab, rollout(4))
    assert (ended.status, set(states(ended).values())) == ("done", {"good"})
    assert [wave.hosts for wave in ended.waves] == [("h1",), ("h2", "h3"), ("h4",)]
    assert [name for name, _ in lab.log] == ["drain", "change", "prove", "give back"] * 3
    assert lab.served == dict.fromkeys(("h1", "h2", "h3", "h4"), True)
    assert store.load(ended.id) == ended, "what is returned is what was noted"
    assert all(len(wave.reports) == 2 for wave in ended.waves)


def test_a_host_that_fails_its_gate_stops_it_and_its_wave_alone_is_put_back(store):
    lab = Lab(sick={"h3"})
    ended = led(store, lab, rollout(6))
    assert ended.status == "stopped"
    assert "wave 2: h3 failed, max_fail is 0" in ended.reason
    assert states(ended) == {
        "h1": "good",
        "h2": "put back",
        "h3": "put back",
        **dict.fromkeys(("h4", "h5", "h6"), "waiting"),
    }
    assert done(lab, "put back") == [("h2", "h3")]
    assert lab.new == {"h1"}
    assert "it is well: fail (as seen)" in ended.host("h3").reason
    assert "its wave was put back" in ended.host("h2").reason
    assert lab.served == {"h1": True, "h2": True, "h3": True}, "the others were never drained"


def test_a_host_whose_change_fails_ends_its_wave_before_the_gate(store):
    lab = Lab(bad={"h2"})
    ended = led(store, lab, rollout(6))
    assert ended.status == "stopped"
    assert done(lab, "prove") == [("h1",)]
    assert done(lab, "put back") == [("h2", "h3")]


def test_what_may_fail_may_fail_and_stays_out_of_service(store):
    lab = Lab(sick={"h3"})
    ended = led(store, lab, rollout(6, max_fail=1))
    assert ended.status == "done"
    assert "h3 failed" in ended.reason
    assert states(ended)["h3"] == "failed"
    assert done(lab, "put back") == []
    assert [host for host, is_served in lab.served.items() if not is_served] == ["h3"]
    assert ended.host("h3").is_drained


def test_a_canary_that_fails_stops_it_whatever_may_fail(store):
    lab = Lab(sick={"h1"})
    ended = led(store, lab, rollout(6, max_fail=5))
    assert ended.status == "stopped"
    assert states(ended)["h1"] == "put back"
    assert [wave.step for wave in ended.waves] == ["stopped"]


def test_what_cannot_be_put_back_has_failed_and_stays_out_of_service(store):
    lab = Lab(sick={"h3"}, stubborn={"h2", "h3"})
    ended = led(store, lab, rollout(4))
    assert (states(ended)["h2"], states(ended)["h3"]) == ("failed", "failed")
    assert ended.host("h3").put_back == "it does not go"
    assert lab.served == {"h1": True, "h2": False, "h3": False}


def test_without_rollback_the_wave_stays_as_it_is(store):
    lab = Lab(bad={"h3"})
    ended = led(store, lab, rollout(4, rollback="none"))
    assert ended.status == "stopped"
    assert states(ended) == {"h1": "good", "h2": "good", "h3": "failed", "h4": "waiting"}
    assert done(lab, "put back") == []
    assert done(lab, "prove") == [("h1",), ("h2",)], "what was changed well is proven first"
    assert lab.served == {"h1": True, "h2": True, "h3": False}


@pytest.mark.parametrize("changes", [{"rollback": "none"}, {"command": "update"}])
def test_what_a_failed_wave_keeps_and_cannot_prove_is_not_good_and_does_not_serve(store, changes):
    lab = Lab(bad={"h3"}, sick={"h2"}, has_nothing_kept=True)
    ended = led(store, lab, rollout(5, wave_size=3, **changes))
    assert ended.status == "stopped"
    assert "h3 failed, max_fail is 0" in ended.reason
    assert states(ended) == {
        "h1": "good",
        "h2": "failed",
        "h3": "failed",
        "h4": "good",
        "h5": "waiting",
    }
    assert "health gate (smoke): base: it is well: fail" in ended.host("h2").reason
    assert done(lab, "prove") == [("h1",), ("h2", "h4")]
    assert lab.served == {"h1": True, "h2": False, "h3": False, "h4": True}
    assert statuses(store, ended)["h2"] == "failed"
    assert set(later_targets(store, ended)) == {"h1", "h4"}


def test_what_was_proven_and_cannot_go_back_is_not_proven_twice(store):
    lab = Lab(sick={"h3"}, has_nothing_kept=True)
    ended = led(store, lab, rollout(4))
    assert states(ended) == {"h1": "good", "h2": "good", "h3": "failed", "h4": "waiting"}
    assert done(lab, "prove") == [("h1",), ("h2", "h3")]
    assert ended.host("h2").put_back == "nothing to go back to"


def test_an_interrupted_proof_of_what_is_kept_is_done_again_but_of_no_other_declaration(store):
    lab = Lab(bad={"h3"})
    plan = store.create(led_by_us(rollout(4, rollback="none")))
    leading = leader(store, lab, plan)
    leading.works.prove = crash_with("h2", leading.works.prove)
    with pytest.raises(Crash):
        leading.lead()
    cut = store.load(plan.id)
    assert (cut.wave.step, states(cut)["h2"]) == ("proving", "working")
    lab.declared = "somebody has mended the inventory meanwhile"
    ended = resumed(store, lab, cut)
    assert (ended.status, states(ended)["h2"]) == ("stopped", "failed")
    assert "cannot be proven: what the lab declares has changed" in ended.host("h2").reason
    assert not lab.served["h2"]
    lab.declared = "as-it-began"
    store.save(cut)
    assert states(resumed(store, lab, cut))["h2"] == "good"


def crash_with(host, work):
    """Return a work that the controller does not live to do with this host."""

    def crashing(rollout, hosts):
        if host in hosts:
            raise Crash
        return work(rollout, hosts)

    return crashing


@pytest.mark.parametrize("rollback", ["wave", "none"])
def test_what_was_drained_beside_one_that_could_not_be_serves_again_untouched(store, rollback):
    lab = Lab(undrainable={"h2"})
    ended = led(store, lab, rollout(4, rollback=rollback))
    assert states(ended) == {"h1": "good", "h2": "failed", "h3": "waiting", "h4": "waiting"}
    assert lab.served["h3"]
    assert not ended.host("h3").is_touched
    assert done(lab, "change") == done(lab, "prove") == [("h1",)]
    assert "h3" not in statuses(store, ended)


def test_a_host_that_is_down_is_left_for_later_and_never_good(store):
    lab = Lab(down={"h2"})
    ended = led(store, lab, rollout(4))
    assert ended.status == "incomplete"
    assert "h2 unreachable" in ended.reason
    assert states(ended) == {"h1": "good", "h2": "unreachable", "h3": "good", "h4": "good"}
    assert not ended.host("h2").is_touched
    lab.down.clear()
    later = resumed(store, lab, ended)
    assert (later.status, states(later)["h2"]) == ("done", "good")
    assert done(lab, "change")[-1] == ("h2",), "the others are left alone"


def test_a_wave_of_which_no_host_answers_proves_nothing(store):
    ended = led(store, Lab(down={"h1", "h2"}), rollout(2))
    assert [wave.step for wave in ended.waves] == ["unproven", "unproven"]
    assert ended.status == "incomplete"


def test_a_host_that_cannot_be_drained_is_not_touched(store):
    lab = Lab(undrainable={"h1"})
    ended = led(store, lab, rollout(3))
    assert ended.status == "stopped"
    assert "the drain failed: exit 1" in ended.host("h1").reason
    assert done(lab, "change") == []
    assert [hosts for hosts in done(lab, "put back") if hosts] == []


def test_a_host_that_does_not_come_back_into_service_has_failed(store):
    lab = Lab(unreturnable={"h1"})
    ended = led(store, lab, rollout(3))
    assert ended.status == "stopped"
    assert "its command after failed" in ended.host("h1").reason
    assert ended.host("h1").is_drained
    assert lab.new == {"h1"}, "what was proven is not put back"


def test_without_a_gate_nothing_is_called_good(store):
    lab = Lab(sick={"h1"})
    ended = led(store, lab, rollout(2, gate="none"))
    assert set(states(ended).values()) == {"applied"}
    assert done(lab, "prove") == []


def test_what_the_lab_declares_must_not_change_meanwhile(store):
    lab = Lab()
    plan = store.create(led_by_us(rollout(3)))
    lab.declared = "something else"
    ended = leader(store, lab, plan).lead()
    assert ended.status == "stopped"
    assert "has changed" in ended.reason
    assert lab.log == []


@pytest.mark.parametrize("what", ["change", "prove"])
def test_an_interruption_is_noted_and_its_step_is_done_again(store, what):
    lab = Lab()
    ended = led(store, lab, rollout(3), interrupt_in=what)
    assert ended.status == "interrupted"
    assert states(ended)["h1"] == "working"
    again = resumed(store, lab, ended)
    assert (again.status, set(states(again).values())) == ("done", {"good"})
    assert again.resumed == 1


def test_an_interrupted_rollback_goes_on_as_a_rollback(store):
    lab = Lab(sick={"h1"})
    ended = led(store, lab, rollout(3), interrupt_in="put back")
    assert (ended.status, ended.wave.step) == ("interrupted", "putting back")
    lab.declared = "somebody has mended the inventory meanwhile"
    again = resumed(store, lab, ended)
    assert (again.status, states(again)["h1"]) == ("stopped", "put back")
    assert done(lab, "change") == [("h1",)]


def test_what_an_abort_cut_off_while_it_was_put_back_is_not_good(store):
    """h2 was proven, and may be halfway to its old state by now."""
    ended = led(store, Lab(sick={"h3"}), rollout(4), interrupt_in="put back")
    assert states(ended) == {"h1": "good", "h2": "working", "h3": "failed", "h4": "waiting"}
    assert statuses(store, ended)["h2"] == "interrupted"
    gone = aborted(ended, "2026-11-20T12:00:00Z")
    assert states(gone) == {"h1": "good", "h2": "failed", "h3": "failed", "h4": "waiting"}
    assert "aborted while this host was put back: apply it again" in gone.host("h2").reason
    assert "health gate" in gone.host("h3").reason
    assert statuses(store, gone)["h2"] == "failed"
    store.save(gone)
    assert set(later_targets(store, gone)) == {"h1"}


def later_targets(store, plan):
    """Return what a later rollout would put its hosts back to."""
    names = tuple(record.host for record in plan.hosts)
    return store.good_before(replace(plan, id="99990101T000000Z-apply"), names)


def statuses(store, plan):
    return {host.host: host.status for host in whole_report(store, plan, NOON).hosts}


SCENES = {
    "all well": {},
    "a sick host": {"sick": {"h3"}},
    "a bad host": {"bad": {"h2"}},
    "a host that is down": {"down": {"h4"}},
    "a host that does not go back": {"sick": {"h3"}, "stubborn": {"h3"}},
    "a bad host, and nothing to go back to": {"bad": {"h2"}, "has_nothing_kept": True},
}


@pytest.mark.parametrize("scene", SCENES)
def test_killed_at_any_point_it_goes_on_to_the_same_end(store, scene, tmp_path):
    """Before and after every work, and after every state that is noted."""
    made = SCENES[scene]
    expected = led(store, Lab(**deepcopy(made)), rollout(5))
    point = 0
    while True:
        point += 1
        lab = Lab(**deepcopy(made))
        store = store_at(tmp_path / str(point))
        plan = store.create(led_by_us(rollout(5)))
        try:
            leader(store, lab, plan, crash_at=point).lead()
        except Crash:
            cut = store.load(plan.id)
            assert cut.status in ("running", expected.status)
            ended = resumed(store, lab, plan) if cut.status == "running" else cut
        else:
            break
        assert states(ended) == states(expected), f"crash at {point}"
        assert (ended.status, ended.reason) == (expected.status, expected.reason)
        stopped_by = made.get("sick", set()) | made.get("bad", set())
        stays = stopped_by if lab.has_nothing_kept else lab.stubborn & stopped_by
        assert lab.new == set(expected.in_state("good")) | stays
        waiting = expected.in_state("waiting")
        assert not set(waiting) & {host for _, hosts in lab.log for host in hosts}
        assert lab.most_out <= 4
    assert point > 20, "there are many places where it can be cut"


def test_one_that_was_killed_twice_goes_on(store):
    lab = Lab(sick={"h2"})
    plan = store.create(led_by_us(rollout(4)))
    with pytest.raises(Crash):
        leader(store, lab, plan, crash_at=15).lead()
    with pytest.raises(Crash):
        resumed(store, lab, plan, crash_at=6)
    ended = resumed(store, lab, plan)
    assert (ended.status, ended.resumed) == ("stopped", 2)


def test_what_has_ended_is_not_taken_up(store):
    ended = led(store, Lab(), rollout(1))
    with pytest.raises(UsageProblem, match="has ended: done"):
        resumed(store, Lab(), ended)


def test_a_changed_declaration_is_not_rolled_out_by_a_resume(store):
    ended = led(store, Lab(), rollout(3), interrupt_in="change")
    with pytest.raises(UsageProblem, match="is not what the rollout"):
        resumed(store, Lab(declared="another"), ended)


def test_paused_it_begins_no_wave_until_it_may_go_on(store):
    lab = Lab()
    plan = store.create(led_by_us(rollout(3)))
    store.ask(plan, "pause")
    leading = leader(store, lab, plan)
    slept = []

    def sleep(seconds):
        slept.append(seconds)
        assert store.load(plan.id).status == "paused"
        assert is_led(store.load(plan.id))
        assert lab.log == []
        if len(slept) == 3:
            store.withdraw(plan)

    leading.sleep = sleep
    assert leading.lead().status == "done"
    assert len(slept) == 3


def test_a_pause_is_heard_between_waves_and_can_end_in_an_abort(store):
    lab = Lab()
    leading = leader(store, lab, store.create(led_by_us(rollout(4))))
    leading.show = lambda plan: store.ask(plan, "pause") if plan.waves else None
    leading.sleep = lambda seconds: store.ask(leading.rollout, "abort")
    ended = leading.lead()
    assert ended.status == "aborted"
    assert states(ended) == {"h1": "good", "h2": "waiting", "h3": "waiting", "h4": "waiting"}


def test_outside_its_windows_it_waits_for_a_resume(store):
    lab = Lab()
    plan = rollout(3, windows=("mon-fri 22:00-06:00",), time_zone="UTC")
    ended = led(store, lab, plan)
    assert ended.status == "outside window"
    assert "opens at 2026-11-20T22:00:00Z" in ended.reason
    assert lab.log == []
    assert resumed(store, lab, ended, now=NOON.replace(hour=22)).status == "done"


def test_no_wave_begins_that_would_pass_the_windows_end(store):
    plan = rollout(3, windows=("12:00-12:30",), time_zone="UTC", expected_wave_minutes=31)
    ended = led(store, Lab(), plan)
    assert ended.status == "outside window"
    assert "a wave takes about 1860 s, and the window closes at 2026-11-20T12:30" in ended.reason
    fits = rollout(3, windows=("12:00-12:30",), time_zone="UTC", expected_wave_minutes=30)
    store.save(aborted(ended, "2026-11-20T12:00:00Z"))
    assert led(store, Lab(), fits).status == "done"


def test_the_longest_wave_so_far_says_how_long_the_next_takes(store):
    plan = rollout(4, windows=("12:00-12:30",), time_zone="UTC")
    leading = leader(store, Lab(), store.create(led_by_us(plan)))
    seconds = iter(range(0, 10**6, 300))
    leading.clock = lambda: next(seconds)
    ended = leading.lead()
    assert ended.status == "done", "the clock of the windows stands still here"
    leading = leader(store, Lab(), store.create(led_by_us(plan)), now=NOON.replace(minute=11))
    leading.clock = lambda: next(seconds)
    late = leading.lead()
    assert (late.status, len(late.waves)) == ("outside window", 1)
    assert late.waves[0].seconds == 1200


def test_aborting_what_nobody_leads_calls_hosts_under_change_failed(store):
    ended = led(store, Lab(), rollout(3), interrupt_in="change")
    gone = aborted(ended, "2026-11-20T12:00:00Z")
    assert (gone.status, gone.wave) == ("aborted", None)
    assert states(gone) == {"h1": "failed", "h2": "waiting", "h3": "waiting"}
    assert "aborted while this host was under change" in gone.host("h1").reason


def test_an_abort_that_does_not_wait_for_the_wave_ends_it_there(store):
    lab = Lab()
    leading = leader(store, lab, store.create(led_by_us(rollout(3))), interrupt_in="change")
    leading.show = lambda plan: store.ask(plan, "abort") if plan.waves else None
    ended = leading.lead()
    assert (ended.status, ended.wave) == ("aborted", None)
    assert states(ended) == {"h1": "failed", "h2": "waiting", "h3": "waiting"}
    assert store.load(ended.id) == ended
