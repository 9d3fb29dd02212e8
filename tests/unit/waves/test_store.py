"""Rollouts in a lab directory: whole files, nobody else's hosts, and what is kept for how long."""

from __future__ import annotations

import json
import stat
from dataclasses import replace

import pytest

from deeprig.errors import DeeprigError, UsageProblem
from deeprig.waves import store as store_module
from deeprig.waves.declared import digest, keep_copy
from deeprig.waves.model import Rollout, WaveRecord
from deeprig.waves.store import RolloutStore
from tests.unit.waves.plan import rollout


@pytest.fixture
def store(tmp_path):
    directory = tmp_path / "lab"
    (directory / "inventory").mkdir(parents=True)
    (directory / "inventory" / "lab.py").write_text("hosts = ['h1']\n")
    return RolloutStore(directory)


def named(name, status="done", states=("good",), **changes):
    made = replace(rollout(len(states)), id=name, status=status, **changes)
    for number, state in enumerate(states, start=1):
        made = made.with_hosts((f"h{number}",), state=state)
    return made


def test_a_rollout_comes_back_as_it_was_noted(store):
    made = store.create(rollout(3, canary_hosts=("h2",), windows=("22:00-06:00",)))
    made = replace(made, waves=(WaveRecord(1, ("h2",), reports=("wave-001-change.json",)),))
    store.save(made)
    assert store.load(made.id) == made
    assert store.newest() == made


def test_only_its_owner_may_read_it(store):
    made = store.create(rollout(1))
    place = store.directory / made.id
    assert stat.S_IMODE(store.directory.stat().st_mode) == 0o700
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    assert stat.S_IMODE((place / "state.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(store.copy_of(made).stat().st_mode) == 0o700


def test_a_state_that_cannot_be_written_leaves_the_old_one(store, monkeypatch):
    made = store.create(rollout(2))

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(DeeprigError, match="No space left"):
        store.save(replace(made, status="done"))
    assert store.load(made.id) == made


@pytest.mark.parametrize("status", ["running", "paused", "interrupted", "outside window"])
def test_an_open_rollout_keeps_its_hosts_from_another(store, status):
    store.create(named("a", status, ("waiting", "waiting")))
    with pytest.raises(UsageProblem, match="the rollout a has not ended, and has 1 of these"):
        store.create(named("b", "running", ("waiting",)))


@pytest.mark.parametrize("status", ["done", "stopped", "aborted", "incomplete"])
def test_one_that_has_ended_keeps_nobody(store, status):
    store.create(named("a", status))
    assert store.create(named("b")).id == "b"


def test_two_of_the_same_second_have_names_of_their_own(store):
    assert [store.create(named("a")).id for _ in range(3)] == ["a", "a-2", "a-3"]


def test_hosts_that_no_rollout_shares_may_be_rolled_out_at_once(store):
    store.create(named("a", "running", ("waiting",)))
    other = replace(named("b", "running"), hosts=(replace(rollout(9).hosts[8]),))
    assert store.create(other).id == "b"


def test_two_controllers_of_one_rollout_are_refused(store):
    made = store.create(named("a", "running"))
    with (
        store.leading(made),
        pytest.raises(UsageProblem, match="another process leads"),
        store.leading(made),
    ):
        raise AssertionError("never reached")
    with store.leading(made):
        pass


def test_what_is_asked_is_heard_and_withdrawn(store):
    made = store.create(named("a", "running"))
    assert store.asked(made) is None
    store.ask(made, "pause")
    assert store.asked(made) == "pause"
    store.ask(made, "abort")
    assert store.asked(made) == "abort"
    store.withdraw(made)
    store.withdraw(made)
    assert store.asked(made) is None


def test_a_damaged_state_is_told_with_its_place(store):
    made = store.create(named("a"))
    path = store.directory / made.id / "state.json"
    path.write_text('{"schema": "deeprig.rollout/1", "id"')
    with pytest.raises(UsageProblem, match=r"a/state\.json: it cannot be read"):
        store.newest()
    document = made.to_json() | {"status": "fine"}
    path.write_text(json.dumps(document))
    with pytest.raises(UsageProblem, match="status: must be 'running'"):
        store.load("a")


def test_a_name_that_is_none_is_refused_with_those_there_are(store):
    store.create(named("a"))
    with pytest.raises(UsageProblem, match="its newest: a"):
        store.load("b")


def test_without_a_name_the_only_one_that_is_not_done_is_meant(store):
    store.create(named("a"))
    with pytest.raises(UsageProblem, match="no rollout to resume"):
        store.chosen(None, ("running", "incomplete"), "resume")
    store.create(named("b", "incomplete"))
    store.create(named("c", "running"))
    assert store.chosen(None, ("running", "incomplete"), "resume").id == "c"
    store.create(replace(named("d", "running"), hosts=(rollout(9).hosts[8],)))
    with pytest.raises(UsageProblem, match="name one: d, c"):
        store.chosen(None, ("running", "incomplete"), "resume")


def test_a_host_is_put_back_to_the_newest_rollout_in_which_it_was_good(store):
    store.create(named("a", "done", ("good", "good")))
    store.create(named("b", "stopped", ("good", "put back")))
    now = store.create(named("c", "running", ("working", "working", "working")))
    found = store.good_before(now, ("h1", "h2", "h3"))
    assert {host: target.id for host, target in found.items()} == {"h1": "b", "h2": "a"}


def test_a_rollout_of_some_roles_puts_nothing_back_of_others(store):
    some = rollout(1).asked
    store.create(named("a", asked=replace(some, roles=("base",))))
    whole = store.create(named("b", "stopped", ("failed",)))
    assert store.good_before(whole, ("h1",)) == {}
    same = store.create(named("c", "stopped", ("failed",), asked=replace(some, roles=("base",))))
    assert store.good_before(same, ("h1",))["h1"].id == "a"


def test_old_rollouts_go_but_not_those_that_are_needed(store, monkeypatch):
    monkeypatch.setattr(store_module, "KEPT_COUNT", 2)
    store.create(named("a", "interrupted", ("good", "working", "waiting")))
    store.create(replace(named("b"), hosts=(replace(rollout(8).hosts[7], state="good"),)))
    for name in ("c", "d", "e", "f"):
        store.create(replace(named(name, "stopped"), hosts=(rollout(9).hosts[8],)))
    names = [made.id for made in store.all()]
    # a is open, b is what h8 would be put back to; the newest two stay beside the new one.
    assert names == ["f", "e", "d", "b", "a"]


def test_what_a_killed_maker_left_is_no_rollout_and_goes(store):
    store.create(named("a"))
    (store.directory / "half" / "lab").mkdir(parents=True)
    assert [made.id for made in store.all()] == ["a"]
    store.create(named("b"))
    assert not (store.directory / "half").exists()


def test_the_copy_has_what_declares_and_links_to_all_else(store):
    lab = store.lab_directory
    (lab / "roles" / "own").mkdir(parents=True)
    (lab / "roles" / "own" / "__init__.py").write_text("ROLE = 1\n")
    (lab / "roles" / "own" / "__pycache__").mkdir()
    (lab / "roles" / "own" / "__pycache__" / "x.pyc").write_text("")
    (lab / "secrets").mkdir()
    (lab / "secrets" / "key").write_text("first")
    (lab / ".git").mkdir()
    copy = lab.parent / "copy"
    keep_copy(lab, copy)
    (lab / "inventory" / "lab.py").write_text("hosts = []\n")
    (lab / "secrets" / "key").write_text("second")
    assert (copy / "inventory" / "lab.py").read_text() == "hosts = ['h1']\n"
    assert (copy / "roles" / "own" / "__init__.py").read_text() == "ROLE = 1\n"
    assert not (copy / "roles" / "own" / "__pycache__").exists()
    assert (copy / "secrets" / "key").read_text() == "second"
    assert sorted(path.name for path in copy.iterdir()) == ["inventory", "roles", "secrets"]


def test_the_digest_is_of_what_declares_and_of_nothing_else(store):
    lab = store.lab_directory
    before = digest(lab, ())
    (lab / "reports").mkdir()
    (lab / "reports" / "x.json").write_text("{}")
    (lab / "drain.log").write_text("out h1")
    store.create(rollout(1))
    assert digest(lab, ()) == before
    (lab / "templates" / "base").mkdir(parents=True)
    (lab / "templates" / "base" / "motd").write_text("hello")
    changed = digest(lab, ())
    assert changed != before
    (lab / "templates" / "base" / "motd").rename(lab / "templates" / "base" / "issue")
    assert digest(lab, ()) not in (before, changed)


def test_a_file_that_cannot_be_read_is_told(store, monkeypatch):
    def refuse(self):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr("pathlib.Path.read_bytes", refuse)
    with pytest.raises(
        DeeprigError, match=r"lab\.py: the lab directory cannot be kept: Permission"
    ):
        digest(store.lab_directory, ())


def test_a_document_of_something_else_is_no_rollout():
    with pytest.raises(ValueError, match="no rollout"):
        Rollout.from_json({"schema": "deeprig.apply/1"})
