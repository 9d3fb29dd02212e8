"""One change at a time: by real flock(2), of this process and of another one."""

import fcntl
import os
import signal
import subprocess
import sys

import pytest
from deeprig_host.machine.exclusive import Lock
from deeprig_host.machine.refusal import Refused

LOCK = Lock("/var/lib/x/lock", "a change of x", "wait", evidence=("log: there",))


def test_a_second_one_is_refused_as_busy_and_the_first_is_let_go_of_at_its_end(machine):
    with (
        LOCK.held(machine),
        pytest.raises(Refused, match="a change of x is running on this host") as refused,
        LOCK.held(machine),
    ):
        pass
    told = refused.value
    assert (told.outcome, told.evidence, told.remedy) == ("busy", ("log: there",), "wait")
    LOCK.check_free(machine)
    with machine.path(LOCK.path).open() as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_free_lock_is_not_kept_by_asking(machine):
    LOCK.check_free(machine)
    with LOCK.held(machine), pytest.raises(Refused):
        LOCK.check_free(machine)


def test_the_holder_is_named_by_its_pid(machine):
    process = machine.path(f"/proc/{os.getpid()}")
    process.mkdir(parents=True)
    (process / "comm").write_text("deeprig-worker\n")
    with LOCK.held(machine):
        assert machine.text(LOCK.path) == str(os.getpid())
        with pytest.raises(Refused, match=rf"deeprig-worker \(pid {os.getpid()}, "):
            LOCK.check_free(machine)


def test_a_lock_that_names_nobody_is_still_a_lock(machine):
    path = machine.path(LOCK.path)
    path.parent.mkdir(parents=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(Refused, match="another process"):
            LOCK.check_free(machine)


def test_the_lock_of_a_killed_holder_is_free(machine):
    path = machine.path(LOCK.path)
    path.parent.mkdir(parents=True)
    take = f"import fcntl; f = open({str(path)!r}, 'w'); fcntl.flock(f, fcntl.LOCK_EX); "
    take += "print('4194305', file=f, flush=True); print('held', flush=True); input()"
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", take], stdin=pipe, stdout=pipe) as other:
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(Refused):
            LOCK.check_free(machine)
        other.send_signal(signal.SIGKILL)
        other.wait()
    with LOCK.held(machine):
        assert machine.text(LOCK.path) == str(os.getpid())


def test_a_wait_is_long_enough_for_a_holder_that_ends(machine, monkeypatch):
    path = machine.path(LOCK.path)
    path.parent.mkdir(parents=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        monkeypatch.setattr("time.sleep", lambda _: fcntl.flock(file, fcntl.LOCK_UN))
        with LOCK.held(machine, wait_seconds=600):
            assert machine.text(LOCK.path) == str(os.getpid())


def test_where_only_root_may_enter_the_directory_is_made_so(machine):
    Lock("/var/lib/secret/lock", "x", "wait", directory_mode=0o700).check_free(machine)
    assert machine.path("/var/lib/secret").stat().st_mode & 0o777 == 0o700
