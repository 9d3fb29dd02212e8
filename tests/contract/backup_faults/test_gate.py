"""restic begins before it is known what is left out: real restic waits for that, or refuses."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from deeprig_host.backup import job as job_module

from tests.contract.backup_faults.conftest import HOST_PROGRAMS, wait_until

#: The job, whose look through the sources never ends; it says when it has begun.
NEVER = """
import sys, time
from deeprig_host.backup import job
from deeprig_host.backup.__main__ import main
def look(*_):
    print("looking", flush=True)
    time.sleep(3600)
job.leave_out = look
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def looking(rig):
    """The job, as long as it looks; restic runs below it, and has the repository locked."""
    words = [sys.executable, "-c", NEVER, "--root", str(rig.root), "run", "--restic", rig.program]
    environment = os.environ | {"PYTHONPATH": str(HOST_PROGRAMS)}
    with subprocess.Popen(words, stdout=subprocess.PIPE, env=environment) as job:
        assert job.stdout.readline() == b"looking\n"
        wait_until(rig.locks, "a lock of restic's")
        yield job
        job.kill()


def test_the_look_cannot_be_written_down(rig, monkeypatch, capsys):
    before = rig.snapshots()

    def look(*_):
        wait_until(rig.locks, "a lock of restic's")
        raise OSError("there is no room")

    with monkeypatch.context() as patched:
        patched.setattr(job_module, "leave_out", look)
        assert rig.run("run") == 1
    assert "there is no room" in capsys.readouterr().err
    assert rig.snapshots() == before
    assert rig.locks() == []
    rig.proves()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_the_job_is_killed_while_it_looks(rig, looking, number):
    before = rig.snapshots()
    (lock,) = rig.locks()
    restic = Path("/proc", str(json.loads(rig.ask("cat", "lock", lock, "--no-lock"))["pid"]))
    looking.send_signal(number)
    looking.wait(60)
    wait_until(lambda: not restic.exists(), "an end of restic")
    assert rig.snapshots() == before
    rig.proves()


def test_what_is_found_while_restic_waits_is_left_out(rig, monkeypatch):
    real = job_module.leave_out

    def look(*words):
        wait_until(rig.locks, "a lock of restic's")
        return real(*words)

    for number in (1, 2, 3):
        step = rig.home / f"step_{number}.pt"
        step.write_bytes(rig.noise(1000))
        os.utime(step, (number, number))
    monkeypatch.setattr(job_module, "leave_out", look)
    assert rig.run("run") == 0, rig.told()
    listed = rig.ask("ls", "--no-lock", "latest")
    assert [number for number in (1, 2, 3) if f"step_{number}.pt" in listed] == [3]
