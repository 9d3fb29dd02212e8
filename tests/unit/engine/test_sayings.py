"""What a long command waits for is told while it runs; and that ends when the command ends."""

import contextlib
from types import SimpleNamespace

import gevent
import pytest
from gevent.event import Event

from deeprig.engine import hold, liveness, sayings
from deeprig.engine.liveness import Liveness
from deeprig.engine.sayings import told_live
from deeprig.engine.state import RunState

BOUND_SECONDS = 30


class Deaf:
    """Work that passes over a kill, as paramiko's Channel.__del__ does, and then ends."""

    def __init__(self):
        self.is_at_work, self.may_go, self.count = Event(), Event(), 0

    def __call__(self, *arguments, **options):
        self.count += 1
        self.is_at_work.set()
        with contextlib.suppress(gevent.GreenletExit):
            self.may_go.wait(BOUND_SECONDS)
        return True, SimpleNamespace(stdout="waits for apt")


@pytest.fixture
def state():
    told = []
    made = object.__new__(RunState)
    made.tell = lambda host, said: told.append((host, said))
    made.told = told
    return made


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(sayings, "_LOOK_SECONDS", 0.01)
    monkeypatch.setattr(liveness, "_BETWEEN_SECONDS", 0.01)
    monkeypatch.setattr(hold, "BEAT_SECONDS", 0.01)


def test_each_new_saying_is_told_once(state):
    looks = iter(["", "a", "a", "b"])
    seen = Event()

    def look(command, **options):
        said = next(looks, None)
        if said is None:
            seen.set()
        return said is not None, SimpleNamespace(stdout=said or "")

    host = SimpleNamespace(name="rig", run_shell_command=look)
    with told_live(state, host, "/output", "deeprig: ", {}):
        assert seen.wait(BOUND_SECONDS)
    assert state.told == [("rig", "a"), ("rig", "b")]


def test_looking_ends_with_the_command_also_where_a_kill_is_passed_over(state):
    look = Deaf()
    host = SimpleNamespace(name="rig", run_shell_command=look)
    with gevent.Timeout(BOUND_SECONDS), told_live(state, host, "/output", "deeprig: ", {}):
        assert look.is_at_work.wait(BOUND_SECONDS)
    assert look.count == 1


def test_asking_for_signs_of_life_ends_also_where_a_kill_is_passed_over():
    ask = Deaf()
    watched = Liveness(SimpleNamespace(global_request=ask, is_active=lambda: True))
    with gevent.Timeout(BOUND_SECONDS):
        assert ask.is_at_work.wait(BOUND_SECONDS)
        watched.stop()
    assert ask.count == 1


def test_signs_of_life_end_also_where_a_kill_is_passed_over():
    beat = Deaf()
    line = SimpleNamespace(
        is_open=True, send=lambda what: beat() if what == "beat" else None, close=lambda: None,
        read_line=lambda: None,
    )  # fmt: skip
    held = hold.Hold(line, None)
    held.start_beats()
    with gevent.Timeout(BOUND_SECONDS):
        assert beat.is_at_work.wait(BOUND_SECONDS)
        held.let_go()
    assert beat.count == 1
    assert held.is_ended
