"""Locks of a repository: dead only where that is certain, and waited for no longer than told."""

import json
import os
import socket
import time
from dataclasses import dataclass, field

import pytest
from deeprig_host.backup.answer import Answer
from deeprig_host.backup.declared import Repository
from deeprig_host.backup.repository_locks import Held, can_unlock, is_dead, read_locks
from deeprig_host.backup.waiting import when_free
from deeprig_host.machine.commands import Machine

HERE = socket.gethostname()
DISK = Repository("disk", "/b", "/p", lock_wait_minutes=0)
LOCKED, GOOD = Answer("locked", 1), Answer("good", 0)
NOW = 2_000_000_000.0
#: Above the kernel's largest pid (PID_MAX_LIMIT, 2^22).
NO_PID = 5_000_000


def held(host=HERE, pid=NO_PID, time=NOW):
    return Held(host, pid, "root", time)


@dataclass
class Simulated:
    """A restic whose repository has these locks; unlock works, or not."""

    machine: Machine
    locks: list = field(default_factory=list)
    unlocks: bool = True
    calls: list = field(default_factory=list)

    def run(self, arguments, repository, seconds=0):
        self.calls.append(arguments[0])
        if arguments[0] == "list":
            return Answer("good", 0, tuple(f"{n:064x}" for n in range(len(self.locks))))
        if arguments[0] == "cat":
            return Answer("good", 0, tuple(json.dumps(self.locks[int(arguments[2], 16)]).split()))
        self.locks = [] if self.unlocks else self.locks
        return Answer("good", 0) if self.unlocks else Answer("failed", 1)

    def attempt(self):
        self.calls.append("attempt")
        return LOCKED if self.locks else GOOD


def lock(host=HERE, pid=NO_PID, when="2026-11-21T18:06:39.888080914Z"):
    return {"time": when, "exclusive": True, "hostname": host, "username": "root", "pid": pid}


@pytest.fixture
def here():
    from pathlib import Path

    return Machine(Path("/"))


def test_a_lock_is_dead_where_no_process_of_this_host_has_its_pid(here):
    assert is_dead(here, held())
    assert not is_dead(here, held(host="another"))
    assert not is_dead(here, held(pid=os.getpid(), time=time.time()))


def test_a_lock_is_dead_where_its_pid_belongs_to_a_younger_process(here):
    assert is_dead(here, held(pid=os.getpid(), time=time.time() - 86_400 * 365))


def test_only_dead_locks_of_this_host_are_unlocked(here):
    assert can_unlock(here, (held(),), NOW)
    assert not can_unlock(here, (held(host="another"),), NOW)
    assert can_unlock(here, (held(), held(host="another")), NOW)
    # restic would remove this one too, as it was not renewed: its host may only sleep
    assert not can_unlock(here, (held(), held(host="another", time=NOW - 1800)), NOW)


def test_the_time_of_a_lock_is_read_with_its_zone(here):
    same = (lock(when="2026-11-21T20:06:39.9+02:00"), lock(when="2026-11-21T18:06:39Z"))
    first, second = read_locks(Simulated(here, list(same)), DISK)
    assert first.time == second.time == 1795284399.0


@pytest.mark.parametrize("bad", [{}, lock(when="soon"), lock(pid="?"), lock(when=1), []])
def test_a_lock_that_cannot_be_understood_is_unknown(here, bad):
    assert read_locks(Simulated(here, [bad]), DISK) is None


def test_a_dead_lock_is_removed_once_and_the_work_done(here):
    restic = Simulated(here, [lock()])
    reached = when_free(restic, DISK, restic.attempt)
    assert (reached.answer, restic.calls.count("unlock")) == (GOOD, 1)
    assert f"process {NO_PID} of root on {HERE}" in reached.remarks[0]


def test_an_unlock_that_fails_is_the_answer(here):
    restic = Simulated(here, [lock()], unlocks=False)
    assert when_free(restic, DISK, restic.attempt).answer.meaning == "failed"


def test_a_living_lock_stays_and_its_holder_is_named(here):
    restic = Simulated(here, [lock("another", 12)])
    reached = when_free(restic, DISK, restic.attempt)
    assert (reached.answer, "unlock" in restic.calls) == (LOCKED, False)
    assert reached.holder == "process 12 of root on another, 2026-11-21 18:06:39 UTC"


def test_a_living_lock_is_waited_for_as_long_as_declared(here, monkeypatch):
    restic = Simulated(here, [lock("another", 12)])
    slept = []
    monkeypatch.setattr("deeprig_host.backup.waiting.time.sleep", slept.append)
    clock = iter((0.0, 0.0, 25.0, 30.0))
    monkeypatch.setattr("deeprig_host.backup.waiting.time.monotonic", lambda: next(clock))
    patient = Repository("disk", "/b", "/p", lock_wait_minutes=0.5)
    assert when_free(restic, patient, restic.attempt).answer == LOCKED
    assert slept == [10.0, 5.0]
