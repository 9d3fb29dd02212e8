"""How backups stand: good only where all that was done was good, and young enough."""

import time

import pytest
from deeprig_host.backup.declared import Backup, Repository
from deeprig_host.backup.recording import begin, finish
from deeprig_host.backup.schedule import jitter_seconds
from deeprig_host.backup.standing import standing
from deeprig_host.machine.commands import Machine

HOUR = 3600.0
DISK = Repository("disk", "/srv/disk", "/p", maximum_age_hours=30, jitter_minutes=0)


def backup(repository=DISK):
    return Backup(("/home",), (repository,), tag="rig")


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


def done(machine, job, at, reasons=()):
    begin(machine, "disk", job, at)
    finish(machine, "disk", job, at + 1, reasons=reasons, details={"n": 1})


def told(machine, now, repository=DISK):
    return standing(machine, backup(repository), repository, now)


def test_a_young_good_backup_is_all_that_must_be_there(machine):
    now = time.time()
    done(machine, "backup", now - 2 * HOUR)
    found = told(machine, now)
    assert (found["ok"], found["reason"]) == (True, "")
    assert found["jobs"]["backup"]["details"] == {"n": 1}
    assert found["jobs"]["check"] is None


def test_without_any_backup_it_is_not_good(machine):
    found = told(machine, time.time())
    assert (found["ok"], found["reason"]) == (False, "backup: never done")


def test_a_backup_that_is_too_old_is_not_good(machine):
    now = time.time()
    done(machine, "backup", now - 31 * HOUR)
    found = told(machine, now)
    assert not found["ok"]
    assert found["reason"] == "backup: the last good one is 31 h old, declared are 30"


@pytest.mark.parametrize("job", ["backup", "check", "drill"])
def test_any_job_that_failed_says_why(machine, job):
    now = time.time()
    done(machine, "backup", now - HOUR)
    done(machine, job, now - 60, reasons=("the disk is full", "and more", "and yet more"))
    found = told(machine, now)
    assert (found["ok"], found["reason"]) == (False, f"{job}: the disk is full; and more")


def test_a_status_that_cannot_be_read_is_not_good(machine):
    path = machine.path("/var/lib/deeprig/backup/disk.json")
    path.parent.mkdir(parents=True)
    path.write_text("{")
    found = told(machine, time.time())
    assert not found["ok"]
    assert "cannot be read" in found["reason"]
    assert found["jobs"] == {"backup": None, "check": None, "drill": None}


def test_while_one_runs_the_one_before_is_told(machine):
    now = time.time()
    done(machine, "backup", now - HOUR)
    begin(machine, "disk", "backup", now)
    job = told(machine, now)["jobs"]["backup"]
    assert (job["outcome"], job["last"]["outcome"]) == ("running", "good")
    assert job["last"]["details"] == {"n": 1}


def test_what_is_next_is_told_and_never_where_it_is_never(machine):
    now = time.time()
    done(machine, "backup", now)
    due = told(machine, now)["due"]
    assert not due["backup"]["is_due"]
    assert 0 < due["backup"]["next_time"] - now <= 24 * HOUR
    assert due["check"]["is_due"]
    assert due["check"]["next_time"] > now
    never = Repository("disk", "/srv/disk", "/p", check_period_hours=0, drill_period_hours=0)
    due = told(machine, now, never)["due"]
    assert [due[name]["next_time"] for name in ("check", "drill")] == [None, None]
    assert not due["check"]["is_due"]


@pytest.fixture
def two_hours_east(monkeypatch):
    """A time zone that never changes."""
    with monkeypatch.context() as changed:
        changed.setenv("TZ", "EAST-2")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("two_hours_east")
def test_what_is_next_is_at_the_hosts_own_time(machine):
    late = Repository("disk", "/srv/disk", "/p", at_minutes=90)
    now = time.time()
    moment = told(machine, now, late)["due"]["backup"]["next_time"]
    clock = time.gmtime(moment + 2 * HOUR)
    wanted = 90 * 60 + jitter_seconds("rig", late)
    assert abs(clock.tm_hour * 3600 + clock.tm_min * 60 + clock.tm_sec - wanted) <= 1
