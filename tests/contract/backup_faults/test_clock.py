"""A clock that jumps. Simulated: the job is told another time, and restic dates by --time."""

import time

import pytest
from deeprig_host.backup.config import read_configuration
from deeprig_host.backup.due_jobs import backup_due

from tests.contract.backup_faults.rows import record

YEAR = 365 * 86_400.0


@pytest.fixture
def clock(rig, monkeypatch):
    """Set the clock so many seconds off."""
    real = time.time

    def shift(seconds):
        monkeypatch.setattr(time, "time", lambda: real() + seconds)
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(real() + seconds))
        rig.script(f'case "$1" in backup) shift; set -- backup --time "{when}" "$@";; esac')

    yield shift
    monkeypatch.setattr(time, "time", real)


def is_due(rig):
    backup = read_configuration(rig.machine)
    return backup_due(rig.machine, backup, backup.repositories[0], time.time()).is_due


def write(rig, text):
    (rig.home / "thesis.txt").write_text(text)


def test_the_clock_jumps_forward_and_back(rig, clock):
    rig.configure("keep_last = 2")
    clock(2 * YEAR)
    assert is_due(rig)
    write(rig, "of a wrong time")
    assert rig.run("run") == 0
    today = time.strftime("%Y-%m-%d", time.gmtime(time.time() - YEAR))
    (wrong,) = (one for one in rig.snapshots() if one["time"] > today)
    clock(0)
    assert is_due(rig), "what lies in the future does not silence backups"
    before = rig.snapshots()
    write(rig, "of the right time")
    assert rig.run("run") == 1
    told = "nothing is forgotten in disk: a clock was or is wrong"
    assert told in rig.told()
    assert not rig.is_ok()
    assert len(rig.snapshots()) == len(before) + 1
    assert not is_due(rig), "the backup itself was made"
    rig.ask("forget", wrong["id"])
    fault = "the clock jumps 2 years forward, and back (simulated)"
    record(fault, "backup", told, rig.proves())


def test_the_clock_falls_back_and_is_set_right(rig, clock):
    rig.configure("keep_last = 1")
    good = rig.snapshots()
    clock(-2 * YEAR)
    assert is_due(rig)
    assert rig.run("run") == 1
    told = "nothing is forgotten in disk: a clock was or is wrong"
    assert told in rig.told()
    assert [one["id"] for one in good] == [one["id"] for one in rig.snapshots()][-1:]
    clock(0)
    assert is_due(rig)
    fault = "the clock falls 2 years back, and is set right (simulated)"
    record(fault, "backup", told, rig.proves())
