"""A run takes a host, keeps it, and learns when it had lost it; here the host is this machine."""

import os
import signal
from types import SimpleNamespace

import gevent
import pytest
from pyinfra.api.exceptions import PyinfraError

from deeprig.engine import exclusive, hold, host_lock
from deeprig.engine.held_line import LineUnknown, LocalLine, open_line
from deeprig.engine.hold import HostTaken, hold_host
from deeprig.engine.host_lock import Claim
from deeprig.masking import Masker
from deeprig.report.model import HostRun

BOUND_SECONDS = 60


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """Have programs run on this machine, with a lock directory of the test's own."""
    monkeypatch.setattr(host_lock, "DIRECTORY", str(tmp_path / "run"))
    lines = []

    def open_here(host, command, *, sudo, password):
        lines.append(LocalLine(host.prefix + command.get_raw_value()))
        return lines[-1]

    monkeypatch.setattr(hold, "open_line", open_here)
    yield
    for line in lines:
        line.close()


def claim(owner):
    return Claim(os.urandom(4).hex(), f"{owner}@desk", 1, "apply", "2026-11-21 12:03:11 UTC")


def taken(owner="alice", prefix=""):
    return hold_host(SimpleNamespace(prefix=prefix), claim(owner), sudo=True, password=None)


def wait_until(what):
    with gevent.Timeout(BOUND_SECONDS):
        while not what():
            gevent.sleep(0.02)


def test_a_held_host_is_refused_to_others_until_it_is_let_go():
    first = taken()
    assert first.is_held
    with pytest.raises(HostTaken, match="alice@desk, pid 1, since 2026-11-21 12:03:11 UTC"):
        taken("bob")
    first.let_go()
    assert not first.is_held
    second = taken("bob")
    assert second.left_by is None
    second.let_go()


def test_signs_of_life_are_sent(monkeypatch, tmp_path):
    monkeypatch.setattr(hold, "BEAT_SECONDS", 0.02)
    first = taken()
    life = tmp_path / "run" / "host.life"
    for _ in range(3):
        life.write_text("0\n")
        wait_until(lambda: life.read_text() not in ("", "0\n"))
    first.let_go()


@pytest.mark.parametrize("said", ["a password is required", "other trouble"])
def test_a_host_that_cannot_be_held_says_why(said):
    prefix = f"echo 'sudo: {said}' >&2; exit 1; "
    expected = "run with -K" if "password" in said else "cannot be held .*: sudo: other trouble"
    with pytest.raises(PyinfraError, match=expected):
        taken(prefix=prefix)


def test_a_connector_that_keeps_no_line_open_is_told(monkeypatch):
    monkeypatch.setattr(
        "deeprig.engine.held_line.make_unix_command_for_host", lambda state, host, command, **a: ""
    )
    host = SimpleNamespace(state=None, connector=object())
    with pytest.raises(LineUnknown):
        open_line(host, None, sudo=True, password=None)


class Job(SimpleNamespace):
    """What of a host's run the lock's keeper uses."""

    def fail(self, reason, remedy=None):
        self.run = HostRun("rig1", "failed", reason=reason, remedy=remedy)


@pytest.fixture
def job():
    made = Job(
        host=SimpleNamespace(prefix=""),
        claim=claim("alice"),
        declared=SimpleNamespace(needs_sudo=True),
        state=SimpleNamespace(config=SimpleNamespace(SUDO_PASSWORD=None)),
        run=HostRun("rig1", "ok"),
        hold=None,
        masker=Masker(()),
    )
    made.hold = hold_host(made.host, made.claim, sudo=True, password=None)
    yield made
    exclusive.let_go(made)


def cut(job, tmp_path):
    """End the process that holds the host, as a lost connection does."""
    told = (tmp_path / "run" / "host.owner").read_text().splitlines()
    (holder,) = (int(x.split()[1]) for x in told if x.startswith("holder "))
    os.kill(holder, signal.SIGKILL)
    wait_until(lambda: not job.hold.is_held)


def test_a_host_that_is_held_stays_held(job):
    before = job.hold
    exclusive.keep_host(job)
    assert job.hold is before


def test_a_lost_lock_is_taken_again(job, tmp_path):
    cut(job, tmp_path)
    exclusive.keep_host(job)
    assert job.run.status == "ok"
    assert job.hold.is_held


def test_a_run_that_finds_another_at_work_after_it_had_lost_its_lock_stops(job, tmp_path):
    cut(job, tmp_path)
    other = taken("bob")
    exclusive.keep_host(job)
    assert job.run.status == "failed"
    assert "another deeprig is changing this host: bob@desk" in job.run.reason
    other.let_go()


def test_a_run_stops_where_another_was_at_work_meanwhile_and_was_lost_too(job, tmp_path):
    cut(job, tmp_path)
    other = taken("bob")
    other.beats.kill()
    other.line.close()
    exclusive.keep_host(job)
    assert job.run.status == "failed"
    assert "changed this host while this run had lost it: bob@desk" in job.run.reason


def test_a_run_stops_where_another_came_and_ended_in_order_meanwhile(job, tmp_path):
    cut(job, tmp_path)
    taken("bob").let_go()
    exclusive.keep_host(job)
    assert job.run.status == "failed"
    assert "changed this host while this run had lost it" in job.run.reason


def test_a_host_about_to_reboot_is_left_in_order(job, tmp_path):
    exclusive.expect_reboot(job)
    assert not (tmp_path / "run" / "host.owner").exists()
    exclusive.keep_host(job)
    assert job.hold.is_held
